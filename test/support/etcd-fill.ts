import { credentials, Client } from '@grpc/grpc-js';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { EtcdPlace } from '../../agent/ports/etcd.ts';

export interface EtcdFilling {
  readonly prefix: string;
  readonly count: number;
  readonly valueBytes: number;
  /** What values are cut from, one behind the other and again from its start; random bytes where there is none. */
  readonly from?: Buffer;
}

/** Puts that are under way at once: etcd writes them in one commit. */
const AT_ONCE = 16;

/** Puts keys `PREFIX/0`, `PREFIX/1` and so on, of random values: Farrier itself writes nothing into a datastore. */
export async function fillEtcd({ endpoint, caFile, certificateFile, keyFile }: EtcdPlace, { prefix, count, valueBytes, from = randomBytes(valueBytes) }: EtcdFilling): Promise<void> {
  const client = new Client(new URL(endpoint).host, credentials.createSsl(readFileSync(caFile), readFileSync(keyFile), readFileSync(certificateFile)), { 'grpc.ssl_target_name_override': 'localhost' });
  const values = Math.max(1, Math.floor(from.length / valueBytes));
  const put = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const value = from.subarray((index % values) * valueBytes, ((index % values) + 1) * valueBytes);
      // Every value is another one, and making it costs next to nothing.
      value.writeUInt32BE(index, 0);
      const request = Buffer.concat([field(1, Buffer.from(`${prefix}/${index}`)), field(2, value)]);
      client.makeUnaryRequest('/etcdserverpb.KV/Put', (bytes: Buffer) => bytes, (answer) => answer, request, (error) => (error === null ? resolve() : reject(error)));
    });
  try {
    let next = 0;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let index = next++; index < count; index = next++) await put(index);
      }),
    );
  } finally {
    client.close();
  }
}

/** One field of bytes, as protobuf writes it. */
function field(number: number, content: Buffer): Buffer {
  const head = [number * 8 + 2];
  for (let left = content.length; ; left = Math.floor(left / 128)) {
    head.push(left < 128 ? left : (left % 128) + 128);
    if (left < 128) return Buffer.concat([Buffer.from(head), content]);
  }
}
