import type { Readable } from 'node:stream';

import type { SnapshotPart } from '../../ports/etcd.ts';
import { snapshotParser } from './snapshot-parser.ts';

/** Pieces of some 8 KiB arrive: hashing and writing each by itself costs more than copying it once. */
const PART_BYTES = 256 * 1024;

/**
 * Gives the bytes of a snapshot in parts of one size, and last what is left; the stream is held while a part is taken. The
 * bytes of a part stay until `take` resolves: memory that is new for each costs more than hashing it.
 *
 * @param pieces no longer than a part each, as HTTP/2 has them
 * @throws RangeError where the stream is none of a snapshot, what the stream says, and what `take` throws.
 */
export async function eachPart(pieces: Readable, take: (part: SnapshotPart) => Promise<void>): Promise<void> {
  let [filling, spare] = [Buffer.allocUnsafeSlow(PART_BYTES), Buffer.allocUnsafeSlow(PART_BYTES)];
  let [filled, remainingBytes] = [0, 0];
  let taking: Promise<void> = Promise.resolve();
  const hold = async (part: SnapshotPart): Promise<void> => {
    pieces.pause();
    await take(part);
    pieces.resume();
  };
  try {
    await new Promise<void>((resolve, reject) => {
      const parse = snapshotParser((bytes, remaining) => {
        const taken = Math.min(bytes.length, PART_BYTES - filled);
        filling.set(bytes.subarray(0, taken), filled);
        filled += taken;
        remainingBytes = remaining + bytes.length - taken;
        if (filled < PART_BYTES) return;
        taking = hold({ blob: filling, remainingBytes });
        taking.catch(reject);
        [filling, spare] = [spare, filling];
        filling.set(bytes.subarray(taken));
        [filled, remainingBytes] = [bytes.length - taken, remaining];
      });
      // Not by iterating: that copies together what has arrived meanwhile.
      pieces.on('data', (piece: Buffer) => {
        try {
          parse(piece);
        } catch (error) {
          reject(error);
        }
      });
      pieces.once('end', resolve).once('error', reject);
      pieces.once('close', () => reject(new Error('the stream broke off')));
    });
    await taking;
  } finally {
    // Nobody writes any more when this is over.
    await taking.catch(() => undefined);
  }
  if (filled > 0) await take({ blob: filling.subarray(0, filled), remainingBytes });
}
