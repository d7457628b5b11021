import type { NodeName } from '../../shared/domain/ids.ts';
import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { CataloguedSnapshot, ClusterSnapshots } from './cluster-snapshots.ts';
import { hasCopy } from './has-copy.ts';
import type { SnapshotEventBody } from './snapshot-event.ts';

/** One by one a host could tell of more for ever; with its whole catalogue it tells of far fewer. */
export const TOLD_MAX = 512;

/**
 * What a host's whole catalogue says that the log does not: null where that is nothing. The cluster is the one that the node was
 * enrolled for, whatever its host says.
 *
 * @param isWhole whether what is not told is gone
 */
export function newsOf(known: ClusterSnapshots, node: NodeName, told: readonly SnapshotRecord[], isWhole: boolean): SnapshotEventBody | null {
  const held = new Map(known.snapshots.filter((each) => each.node === node).map((each) => [each.record.id, each]));
  const records = told.map((record) => ({ ...record, takenUnixMs: earliest(held.get(record.id), record), cluster: known.cluster, copies: [], proof: null })).filter((record) => !isHeld(held.get(record.id), record));
  const onHost = [...held.values()].filter(({ record }) => hasCopy(record, 'host')).length;
  if (!isWhole && onHost >= TOLD_MAX) return null;
  const toldIds = new Set(told.map(({ id }) => id));
  const gone = isWhole ? [...held.values()].filter(({ record }) => !toldIds.has(record.id) && hasCopy(record, 'host')).map(({ record }) => record.id) : [];
  return records.length === 0 && gone.length === 0 ? null : { type: 'reported', node, records, gone };
}

/** What once was so old gets no younger, whatever its host says later. */
function earliest(held: CataloguedSnapshot | undefined, { plain, takenUnixMs }: SnapshotRecord): number {
  return held?.record.plain.digest === plain.digest ? Math.min(held.record.takenUnixMs, takenUnixMs) : takenUnixMs;
}

function isHeld(held: CataloguedSnapshot | undefined, told: SnapshotRecord): boolean {
  return held !== undefined && hasCopy(held.record, 'host') && JSON.stringify(sorted({ ...held.record, copies: [], proof: null })) === JSON.stringify(sorted(told));
}

/** Whoever wrote it down, and in whichever order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]));
}
