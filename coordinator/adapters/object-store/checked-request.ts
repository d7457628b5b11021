import { lookup } from 'node:dns';
import { type ClientRequestArgs, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';

export interface CheckedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** For the address that the name resolves to, when the connection is made. */
  readonly mayReach: (address: string) => boolean;
  /** Of the authorities that are trusted instead of the system's. */
  readonly caPem: string | null;
  /** Without a byte from there, or to there. */
  readonly silenceMaxMs: number;
}

/** The name leads where nobody may go. */
export class DestinationRefused extends Error {}

/** One request, and no other where the answer sends elsewhere. The body of the answer is the caller's to read, or to destroy. */
export async function checkedRequest({ method, url, headers, body, mayReach, caPem, silenceMaxMs }: CheckedRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  // A name is looked up by whoever connects, and checked there: looked up before, it might lead elsewhere the second time.
  if (isIP(host) !== 0 && !mayReach(host)) throw new DestinationRefused(`${host} is not allowed`);
  const options: ClientRequestArgs & { readonly ca?: string } = { method, headers: { ...headers, 'content-length': String(body.length) }, signal, timeout: silenceMaxMs, lookup: guarded(mayReach), ...(caPem === null ? {} : { ca: caPem }) };
  return await new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
    request.once('response', resolve).once('error', reject);
    request.once('timeout', () => request.destroy(new Error(`nothing came for ${silenceMaxMs / 1000} s`)));
    request.end(body);
  });
}

function guarded(mayReach: (address: string) => boolean): LookupFunction {
  return (name, options, done) => {
    lookup(name, { ...options, all: true }, (error, addresses) => {
      const wrong = error === null ? addresses.find(({ address }) => !mayReach(address)) : undefined;
      const [first] = addresses ?? [];
      if (error !== null || wrong !== undefined || first === undefined) done(error ?? new DestinationRefused(`${name} leads to ${wrong?.address ?? 'nowhere'}, which is not allowed`), []);
      else if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}
