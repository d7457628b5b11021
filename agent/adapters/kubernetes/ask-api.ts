import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';

import type { KubeAccess } from './kubeconfig.ts';

export interface ApiReply {
  readonly status: number;
  readonly body: string;
}

const REPLY_MAX_MS = 10_000;
/** A Node lists its images; no answer that is asked for here is larger. */
const REPLY_MAX_BYTES = 4 * 1024 * 1024;

/** One GET with a connection of its own, so that nothing that answered before can answer again. No redirect is followed. */
export function askApi(access: Pick<KubeAccess, 'ca' | 'certificate' | 'key'>, url: URL, signal: AbortSignal): Promise<ApiReply> {
  signal.throwIfAborted();
  const { ca, certificate: cert, key } = access;
  return new Promise((resolve, reject) => {
    const call = request(url, { agent: false, ca, cert, key, signal: AbortSignal.any([signal, AbortSignal.timeout(REPLY_MAX_MS)]) }, (response) => {
      void readReply(response).then(resolve, (cause: unknown) => {
        call.destroy();
        reject(cause);
      });
    });
    call.once('error', reject);
    call.end();
  });
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
