import { clockWentBack, newestFirst, type SnapshotRecord } from './snapshot.ts';

/** What a cluster may lose at most (RPO): how old its newest snapshot, and its newest proved one, may become. */
export interface RecoveryTargets {
  readonly takenWithinMs: number;
  readonly provedWithinMs: number;
}

export type RecoveryMiss = 'never-taken' | 'taken-too-old' | 'never-proved' | 'proved-too-old' | 'clock-went-back';

export interface RecoveryPoint {
  /** Of the newest snapshot; null where there is none. What would be lost if the datastore were lost now. */
  readonly takenAgeMs: number | null;
  /** Of the newest that was proved, since it was taken and not since the proof: that is the time that it goes back to. */
  readonly provedAgeMs: number | null;
  /** Empty where both targets are met. */
  readonly missed: readonly RecoveryMiss[];
}

/** Where one cluster stands. Fails towards telling: under a clock that went back no target counts as met. */
export function recoveryPointOf(ofCluster: readonly SnapshotRecord[], targets: RecoveryTargets, nowUnixMs: number): RecoveryPoint {
  const newest = newestFirst(ofCluster);
  const takenAgeMs = ageOf(newest[0], nowUnixMs);
  const provedAgeMs = ageOf(newest.find(({ proof }) => proof !== null), nowUnixMs);
  const missed: RecoveryMiss[] = [];
  if (clockWentBack(ofCluster, nowUnixMs)) missed.push('clock-went-back');
  if (takenAgeMs === null) missed.push('never-taken');
  else if (takenAgeMs > targets.takenWithinMs) missed.push('taken-too-old');
  if (provedAgeMs === null) missed.push('never-proved');
  else if (provedAgeMs > targets.provedWithinMs) missed.push('proved-too-old');
  return { takenAgeMs, provedAgeMs, missed };
}

/** Never below 0: hosts' clocks differ a little. */
function ageOf(record: SnapshotRecord | undefined, nowUnixMs: number): number | null {
  return record === undefined ? null : Math.max(0, nowUnixMs - record.takenUnixMs);
}
