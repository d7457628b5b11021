import { clockWentBack, newestFirst, type SnapshotId, type SnapshotRecord } from './snapshot.ts';

/**
 * What is kept of each cluster; a snapshot goes when no line keeps it. Of an hour, a day and a week (in UTC, from Monday) one is
 * kept: the newest proved one, else the newest. They count those that have one, so that a datastore of which none was taken for
 * a year loses nothing by waiting. 0 keeps nothing by that line.
 */
export interface Retention {
  /** The newest so many. */
  readonly newest: number;
  /** All that are not older than this. */
  readonly withinMs: number;
  readonly hourly: number;
  readonly daily: number;
  readonly weekly: number;
}

/** The first two hold whatever the settings say. */
export type KeepReason = 'newest-of-all' | 'newest-proved' | keyof Retention;

export interface KeepDecision {
  readonly toDelete: readonly SnapshotRecord[];
  /** Why each of the others stays. */
  readonly kept: ReadonlyMap<SnapshotId, readonly KeepReason[]>;
  /** Then nothing is deleted, for no age is true; whoever runs this tells it. */
  readonly clockWentBack: boolean;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** 1970 began on a Thursday. */
const MONDAY_OFFSET_MS = 3 * DAY_MS;

const TIERS: readonly (readonly ['hourly' | 'daily' | 'weekly', (unixMs: number) => number])[] = [
  ['hourly', (unixMs) => Math.floor(unixMs / HOUR_MS)],
  ['daily', (unixMs) => Math.floor(unixMs / DAY_MS)],
  ['weekly', (unixMs) => Math.floor((unixMs + MONDAY_OFFSET_MS) / (7 * DAY_MS))],
];

/**
 * Fails towards keeping: never the newest of a cluster, never its newest proved one, nothing under a clock that went back. The
 * answer does not depend on the order, and asking again after the deletion deletes nothing more. @throws on settings that are none.
 */
export function snapshotsToDelete(catalogue: readonly SnapshotRecord[], retention: Retention, nowUnixMs: number): KeepDecision {
  for (const [line, value] of Object.entries(retention)) if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${line}: ${value}`);
  const kept = new Map<SnapshotId, KeepReason[]>();
  for (const ofCluster of Map.groupBy(newestFirst(catalogue), ({ cluster }) => cluster).values()) {
    for (const [reason, record] of keepersOf(ofCluster, retention, nowUnixMs)) kept.set(record.id, [...(kept.get(record.id) ?? []), reason]);
  }
  const wentBack = clockWentBack(catalogue, nowUnixMs);
  return { toDelete: wentBack ? [] : catalogue.filter(({ id }) => !kept.has(id)), kept, clockWentBack: wentBack };
}

function keepersOf(newest: readonly SnapshotRecord[], { newest: count, withinMs, ...tiers }: Retention, nowUnixMs: number): readonly (readonly [KeepReason, SnapshotRecord])[] {
  const by = (reason: KeepReason, records: readonly SnapshotRecord[]) => records.map((record) => [reason, record] as const);
  return [
    ...by('newest-of-all', newest.slice(0, 1)),
    ...by('newest-proved', newest.filter(isProved).slice(0, 1)),
    ...by('newest', newest.slice(0, count)),
    ...by('withinMs', newest.filter(({ takenUnixMs }) => withinMs > 0 && nowUnixMs - takenUnixMs <= withinMs)),
    ...TIERS.flatMap(([tier, periodOf]) => by(tier, oneEach(newest, periodOf, tiers[tier]))),
  ];
}

function oneEach(newest: readonly SnapshotRecord[], periodOf: (unixMs: number) => number, periods: number): readonly SnapshotRecord[] {
  const groups = [...Map.groupBy(newest, ({ takenUnixMs }) => periodOf(takenUnixMs)).values()].slice(0, periods);
  return groups.flatMap((group) => group.find(isProved) ?? group.slice(0, 1));
}

function isProved({ proof }: SnapshotRecord): boolean {
  return proof !== null;
}
