import type { SnapshotId } from '../../shared/domain/snapshot.ts';
import type { Random } from '../../shared/ports/random.ts';

/** When it was taken, in UTC, and so much of chance that no two hosts make the same: `20261122-015342-9f3c1a2b`. */
export function newSnapshotId(nowUnixMs: number, random: Random): SnapshotId {
  const [, date = '', time = ''] = /^([^T]+)T([^.]+)\./.exec(new Date(nowUnixMs).toISOString()) ?? [];
  return `${date.replaceAll('-', '')}-${time.replaceAll(':', '')}-${Buffer.from(random.bytes(4)).toString('hex')}`;
}
