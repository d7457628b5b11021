import type { DrillRecord } from '../../shared/domain/drill.ts';
import type { SnapshotCopy, SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { ListedSnapshot, SnapshotDrill } from '../../shared/wire/messages.ts';
import { toSnapshotMessage } from '../../shared/wire/snapshot-codec.ts';
import type { CataloguedSnapshot } from '../core/cluster-snapshots.ts';

/** A catalogued snapshot, as operators see it. */
export function showSnapshot({ node, record }: CataloguedSnapshot): ListedSnapshot {
  return { snapshot: toSnapshotMessage(record), node, places: record.copies.map(placeOf) };
}

export function showOrNull(snapshots: readonly CataloguedSnapshot[], record: SnapshotRecord | null): ListedSnapshot | null {
  const found = snapshots.find((each) => each.record === record);
  return found === undefined ? null : showSnapshot(found);
}

export function showDrill({ beganUnixMs, by, end }: DrillRecord): SnapshotDrill {
  if (!end.ok) return { beganUnixMs, by, failure: end.message };
  const { snapshot, prover, rtoMs, rpoMs, fetchMs, phasesMs } = end;
  return { beganUnixMs, by, failure: '', snapshot, prover, rtoMs: Math.round(rtoMs), rpoMs, fetchMs, phasesMs: { ...phasesMs } };
}

function placeOf(copy: SnapshotCopy): string {
  return copy.kind === 'object-store' ? copy.store : copy.kind;
}
