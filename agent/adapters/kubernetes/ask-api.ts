import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';

import type { KubeAccess } from './kubeconfig.ts';

export interface ApiReply {
  readonly status: number;
  readonly body: string;
}

const WORDS_MAX = 200;
const REPLY_MAX_MS = 10_000;
/** A Node lists its images; no answer that is asked for here is larger. */
const REPLY_MAX_BYTES = 4 * 1024 * 1024;

export interface ApiChange {
  readonly method: 'PATCH';
  readonly contentType: string;
  readonly body: string;
}

type Credentials = Pick<KubeAccess, 'ca' | 'certificate' | 'key'>;

/** One call, a GET where nothing is changed, with a connection of its own, so that nothing that answered before can answer again. No redirect is followed. */
export function askApi(access: Credentials, url: URL, signal: AbortSignal, change: ApiChange | null = null): Promise<ApiReply> {
  signal.throwIfAborted();
  const { ca, certificate: cert, key } = access;
  const sent = change === null ? {} : { method: change.method, headers: { 'content-type': change.contentType, 'content-length': Buffer.byteLength(change.body) } };
  return new Promise((resolve, reject) => {
    const call = request(url, { agent: false, ca, cert, key, signal: AbortSignal.any([signal, AbortSignal.timeout(REPLY_MAX_MS)]), ...sent }, (response) => {
      void readReply(response).then(resolve, (cause: unknown) => {
        call.destroy();
        reject(cause);
      });
    });
    call.once('error', reject);
    call.end(change?.body);
  });
}

/** @throws where the answer is not 200 and an object */
export async function getJson(access: KubeAccess, path: string, signal: AbortSignal): Promise<object> {
  const reply = await askApi(access, new URL(path, access.server), signal);
  if (reply.status !== 200) throw new Error(`${path} says ${reply.status}`);
  const value: unknown = JSON.parse(reply.body);
  if (typeof value !== 'object' || value === null) throw new Error(`${path} is no object`);
  return value;
}

/** ECONNREFUSED of several addresses comes as one error without a message. */
export function wordsOf(cause: unknown): string {
  const { code = '', message = '' } = cause as { readonly code?: string; readonly message?: string };
  return (message === '' ? code : message).slice(0, WORDS_MAX) || 'it does not answer';
}

async function readReply(response: IncomingMessage): Promise<ApiReply> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response) {
    parts.push(part as Buffer);
    bytes += (part as Buffer).length;
    if (bytes > REPLY_MAX_BYTES) throw new Error(`the answer is longer than ${REPLY_MAX_BYTES} bytes`);
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(parts).toString('utf8') };
}
