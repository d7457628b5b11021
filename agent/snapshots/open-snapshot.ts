import { createHash } from 'node:crypto';

import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';
import { failure } from '../../shared/trust/failure.ts';
import type { Identity } from '../../shared/age/age-keys.ts';
import { unseal, type Unsealed } from './sealed/unseal.ts';
import type { SnapshotSink } from './snapshot-sink.ts';

/**
 * A snapshot's plain bytes, from a copy of it, sealed or not. They mean nothing before this resolved with `ok`: then they are those
 * that were recorded. @throws what the source, the sink or the signal says.
 */
export async function openSnapshot(copy: AsyncIterable<Uint8Array>, { plain, sealed }: SnapshotRecord, identities: readonly Identity[], to: Pick<SnapshotSink, 'write'>, signal: AbortSignal): Promise<Unsealed> {
  if (sealed !== null) return await unseal(copy, identities, { plain, sealed }, to, signal);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const piece of copy) {
    signal.throwIfAborted();
    sizeBytes += piece.length;
    if (sizeBytes > plain.sizeBytes) return failure('too-large', `it holds more than the ${plain.sizeBytes} bytes that were recorded: take another copy`);
    hash.update(piece);
    await to.write(piece);
  }
  return hash.digest('hex') === plain.digest ? { ok: true } : failure('other-bytes', 'it is not the snapshot that was recorded: take another copy');
}
