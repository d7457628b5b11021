import { randomBytes } from 'node:crypto';

import type { EtcdPlace } from '../../agent/ports/etcd.ts';
import { openEtcdPuts } from './etcd-puts.ts';

export interface EtcdFilling {
  readonly prefix: string;
  readonly count: number;
  readonly valueBytes: number;
  /** What values are cut from, one behind the other and again from its start; random bytes where there is none. */
  readonly from?: Buffer;
}

/** Puts that are under way at once: etcd writes them in one commit. */
const AT_ONCE = 16;
/** Values are large and disks slow. */
const PUT_MAX_MS = 60_000;

/** Puts keys `PREFIX/0`, `PREFIX/1` and so on, of random values unless it is told what. */
export async function fillEtcd(place: EtcdPlace, { prefix, count, valueBytes, from = randomBytes(valueBytes) }: EtcdFilling): Promise<void> {
  const puts = openEtcdPuts(place, PUT_MAX_MS);
  const values = Math.max(1, Math.floor(from.length / valueBytes));
  const put = async (index: number): Promise<void> => {
    const value = from.subarray((index % values) * valueBytes, ((index % values) + 1) * valueBytes);
    // Every value is another one, and making it costs next to nothing.
    value.writeUInt32BE(index, 0);
    await puts.put(`${prefix}/${index}`, value);
  };
  try {
    let next = 0;
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let index = next++; index < count; index = next++) await put(index);
      }),
    );
  } finally {
    puts.close();
  }
}
