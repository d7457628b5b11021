import type { SnapshotCopy, SnapshotRecord } from '../../shared/domain/snapshot.ts';

/** Whether a copy lies on the host that took it, at this coordinator, or in any object store. */
export function hasCopy({ copies }: SnapshotRecord, kind: SnapshotCopy['kind']): boolean {
  return copies.some((copy) => copy.kind === kind);
}
