import { Client, credentials } from '@grpc/grpc-js';
import { readFileSync } from 'node:fs';

import type { EtcdPlace } from '../../agent/ports/etcd.ts';

/** What tests write: Farrier itself puts nothing into a datastore. */
export interface EtcdPuts {
  /** @returns the revision as of which it stands there. @throws what gRPC says; then nobody knows whether it does. */
  put(key: string, value: Uint8Array): Promise<number>;
  close(): void;
}

const PUT_MAX_MS = 10_000;

export function openEtcdPuts({ endpoint, caFile, certificateFile, keyFile }: EtcdPlace, maxMs = PUT_MAX_MS): EtcdPuts {
  const client = new Client(new URL(endpoint).host, credentials.createSsl(readFileSync(caFile), readFileSync(keyFile), readFileSync(certificateFile)), { 'grpc.ssl_target_name_override': 'localhost' });
  return {
    put: (key, value) =>
      new Promise((resolve, reject) => {
        const request = Buffer.concat([field(1, Buffer.from(key)), field(2, value)]);
        const options = { deadline: Date.now() + maxMs };
        client.makeUnaryRequest('/etcdserverpb.KV/Put', (bytes: Buffer) => bytes, revisionOf, request, options, (error, revision) => (error === null ? resolve(revision ?? 0) : reject(error)));
      }),
    close: () => client.close(),
  };
}

/** One field of bytes, as protobuf writes it. */
function field(number: number, content: Uint8Array): Buffer {
  const head = [number * 8 + 2];
  for (let left = content.length; ; left = Math.floor(left / 128)) {
    head.push(left < 128 ? left : (left % 128) + 128);
    if (left < 128) return Buffer.concat([Buffer.from(head), content]);
  }
}

/** Of a PutResponse that holds nothing but its header: numbers, of which the third is the revision. */
function revisionOf(answer: Buffer): number {
  let at = 2;
  const number = (): number => {
    for (let [value, scale] = [0, 1]; ; scale *= 128, at += 1) {
      const byte = answer.readUInt8(at);
      value += (byte & 127) * scale;
      if (byte >= 128) continue;
      at += 1;
      return value;
    }
  };
  while (at < answer.length) {
    const tag = number();
    const value = number();
    if (tag === 3 * 8) return value;
  }
  throw new Error(`a put was answered without a revision: ${answer.toString('hex')}`);
}
