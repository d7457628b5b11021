import { AwsV4Signer } from 'aws4fetch';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { Clock } from '../../../shared/ports/clock.ts';
import type { Random } from '../../../shared/ports/random.ts';
import { failure, type Failure } from '../../../shared/trust/failure.ts';
import type { ObjectStoreCode } from '../../ports/object-store.ts';
import { checkedRequest, DestinationRefused } from './checked-request.ts';
import { readCredentials } from './credentials-file.ts';
import { readError } from './s3-answers.ts';

/** One bucket of one server, and how to get there. */
export interface S3Place {
  /** Of the setting: what messages call it. */
  readonly name: string;
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly credentialsFile: string;
  readonly caPem: string | null;
  readonly mayReach: (address: string) => boolean;
}

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** '' is the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Statuses beside 2xx that the caller understands. */
  readonly understands?: readonly number[];
}

export interface S3Answer {
  readonly ok: true;
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
}

export interface S3Calls {
  /** @returns with the body as text. */
  ask(request: S3Request, signal: AbortSignal): Promise<(S3Answer & { readonly text: string }) | Failure<ObjectStoreCode>>;
  /** @returns with the body to be read. */
  open(request: S3Request, signal: AbortSignal): Promise<(S3Answer & { readonly body: IncomingMessage }) | Failure<ObjectStoreCode>>;
}

const ATTEMPTS_MAX = 5;
const WAIT_FIRST_MS = 200;
const WAIT_MAX_MS = 10_000;
const SILENCE_MAX_MS = 60_000;
/** A list of a thousand keys. */
const TEXT_MAX_BYTES = 2 * 1024 * 1024;
const NOTHING = new Uint8Array();
/** Not now: S3 says 503 for "slow down". */
const BUSY = [408, 429, 500, 502, 503, 504];

/** Signs each request, asks again where the network or the server fails, and follows nobody elsewhere. */
export function s3Calls(place: S3Place, clock: Clock, random: Random): S3Calls {
  async function open(request: S3Request, signal: AbortSignal): ReturnType<S3Calls['open']> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await once(place, request, clock, signal);
      if (answer.ok || answer.code !== 'unreachable' || attempt === ATTEMPTS_MAX) return answer;
      // Not all at the same moment.
      await clock.sleep(Math.min(WAIT_MAX_MS, WAIT_FIRST_MS * 2 ** (attempt - 1)) * (0.5 + random.unit() / 2), signal);
    }
  }
  return {
    open,
    ask: async (request, signal) => {
      const answer = await open(request, signal);
      if (!answer.ok) return answer;
      const text = await readText(answer.body);
      return text === null ? failure('refused', `${place.name} answered with more than anybody asked for`) : { ok: true, status: answer.status, headers: answer.headers, text };
    },
  };
}

async function once(place: S3Place, request: S3Request, clock: Clock, signal: AbortSignal): ReturnType<S3Calls['open']> {
  signal.throwIfAborted();
  const read = await readCredentials(place.credentialsFile);
  if (!read.ok) return read;
  const { accessKeyId, secretAccessKey, sessionToken } = read.credentials;
  const { method, key, query = {}, headers = {}, body = NOTHING, understands = [] } = request;
  const url = new URL(place.endpoint);
  url.pathname = [url.pathname.replace(/\/$/, ''), place.bucket, ...(key === '' ? [] : key.split('/').map(encodeURIComponent))].join('/');
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const signer = new AwsV4Signer({
    method, url: url.toString(), accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }), service: 's3', region: place.region,
    datetime: new Date(clock.wallUnixMs()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ''),
    headers: { ...headers, 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') },
  });
  const signed = await signer.sign();
  try {
    const answer = await checkedRequest({ method, url: signed.url, headers: Object.fromEntries(signed.headers), body, mayReach: place.mayReach, caPem: place.caPem, silenceMaxMs: SILENCE_MAX_MS }, signal);
    const status = answer.statusCode ?? 0;
    if ((status >= 200 && status < 300) || understands.includes(status)) return { ok: true, status, headers: answer.headers, body: answer };
    return await explain(place, request, status, answer);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DestinationRefused) return failure('destination-refused', `the object store ${place.name} is not asked: ${error.message}; an admin lists what it may resolve to (objectStores.addresses)`);
    return failure('unreachable', `the object store ${place.name} does not answer at ${place.endpoint}: ${(error as Error).message}`);
  }
}

async function explain({ name, endpoint, bucket }: S3Place, { method, key }: S3Request, status: number, answer: IncomingMessage): Promise<Failure<ObjectStoreCode>> {
  const location = answer.headers.location ?? '';
  const { code, message } = readError((await readText(answer)) ?? '');
  const said = [String(status), code, message].filter((part) => part !== '').join(' ');
  const what = `${method} ${bucket}/${key}`;
  if (status >= 300 && status < 400) return failure('redirected', `the object store ${name} sends elsewhere for ${what}${location === '' ? '' : ' with a redirect'} (${said}), which is not followed; name the endpoint of the bucket's own region`);
  if (BUSY.includes(status)) return failure('unreachable', `the object store ${name} is busy at ${endpoint}: ${said}`);
  if (status === 403 || status === 401) return failure('access-denied', `the object store ${name} does not allow ${what}: ${said}; see its credentials, the policy of the bucket, and the clock of this host`);
  if (status === 404) return failure('not-there', `the object store ${name} has nothing there for ${what}: ${said}`);
  return failure('refused', `the object store ${name} refuses ${what}: ${said}`);
}

/** @returns null where there is too much of it. */
async function readText(answer: IncomingMessage): Promise<string | null> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of answer as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes > TEXT_MAX_BYTES) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
