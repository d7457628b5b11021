import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import { sha256Of } from '../../../shared/files/sha256-of.ts';

/** Reads all of a snapshot's file: whether it still holds the bytes that were written. No key is needed. @throws what the disk says. */
export async function hasRecordedBytes(path: string, record: SnapshotRecord, signal: AbortSignal): Promise<boolean> {
  return (await sha256Of(path, signal)) === (record.sealed ?? record.plain).digest;
}
