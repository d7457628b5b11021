import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';

/** Reads all of a snapshot's file: whether it still holds the bytes that were written. No key is needed. @throws what the disk says. */
export async function hasRecordedBytes(path: string, record: SnapshotRecord, signal: AbortSignal): Promise<boolean> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { signal }) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex') === (record.sealed ?? record.plain).digest;
}
