import type { DrillRecord } from '../../shared/domain/drill.ts';
import type { Digest } from '../../shared/domain/ids.ts';
import type { SnapshotPolicy } from '../../shared/domain/policy.ts';
import type { Reason } from '../../shared/domain/reason.ts';
import { type RecoveryMiss, type RecoveryPoint, recoveryPointOf } from '../../shared/domain/recovery-point.ts';
import { newestFirst, type SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { ClusterSnapshots } from './cluster-snapshots.ts';
import { onlyHostsOpen } from './only-hosts-open.ts';

/** Where one cluster stands against the policy's targets. */
export interface ClusterRecovery {
  readonly cluster: string;
  readonly point: RecoveryPoint;
  readonly newestTaken: SnapshotRecord | null;
  readonly newestProved: SnapshotRecord | null;
  /** The newest of which a copy lies off its host. */
  readonly newestOffHost: SnapshotRecord | null;
  readonly lastDrill: DrillRecord | null;
  /** Empty where all targets are met. */
  readonly alerts: readonly RecoveryAlert[];
}

export type RecoveryReason = Extract<Reason, 'rpo-missed' | 'snapshot-unproved' | 'copies-missed' | 'rto-missed'>;

/** Blocks nothing: somebody has to know it before it is needed. */
export interface RecoveryAlert {
  readonly reason: RecoveryReason;
  /** 0 where it was never otherwise. */
  readonly sinceUnixMs: number;
  readonly detail: string;
}

/** What lives, its copy on its host, and one elsewhere: three copies, of which one is off the host. */
const OFF_HOST_MIN = 1;

/** @param ofHosts fingerprints of the keys that hosts have */
export function recoveryOf({ cluster, snapshots, drills }: ClusterSnapshots, policy: SnapshotPolicy, ofHosts: ReadonlySet<Digest>, nowUnixMs: number): ClusterRecovery {
  const records = newestFirst(snapshots.map(({ record }) => record));
  const point = recoveryPointOf(records, policy, nowUnixMs);
  const newestTaken = records[0] ?? null;
  const newestProved = records.find(({ proof }) => proof !== null) ?? null;
  const newestOffHost = records.find((record) => offHost(record) >= OFF_HOST_MIN) ?? null;
  const lastDrill = drills.at(-1) ?? null;
  const alerts = [...ofPoint(point.missed, newestTaken, newestProved, policy), ...ofCopies(newestTaken, newestOffHost, policy, ofHosts, nowUnixMs), ...ofDrill(lastDrill, policy, nowUnixMs)];
  return { cluster, point, newestTaken, newestProved, newestOffHost, lastDrill, alerts };
}

function offHost({ copies }: SnapshotRecord): number {
  return copies.filter(({ kind }) => kind !== 'host').length;
}

function ofPoint(missed: readonly RecoveryMiss[], taken: SnapshotRecord | null, proved: SnapshotRecord | null, { takenWithinMs, provedWithinMs }: SnapshotPolicy): readonly RecoveryAlert[] {
  return missed.map((miss): RecoveryAlert => {
    switch (miss) {
      case 'never-taken':
        return { reason: 'rpo-missed', sinceUnixMs: 0, detail: 'none was ever taken' };
      case 'taken-too-old':
        return { reason: 'rpo-missed', sinceUnixMs: (taken?.takenUnixMs ?? 0) + takenWithinMs, detail: `the newest is ${taken?.id}` };
      case 'never-proved':
        return { reason: 'snapshot-unproved', sinceUnixMs: 0, detail: 'none was ever proved' };
      case 'proved-too-old':
        return { reason: 'snapshot-unproved', sinceUnixMs: (proved?.takenUnixMs ?? 0) + provedWithinMs, detail: `the newest proved one is ${proved?.id}` };
      case 'clock-went-back':
        return { reason: 'rpo-missed', sinceUnixMs: 0, detail: 'a snapshot is younger than the clock of the coordinator: one of the clocks is wrong, and no age is true' };
    }
  });
}

/** Only where copies are made by themselves does an old one say that something is wrong. */
function ofCopies(taken: SnapshotRecord | null, off: SnapshotRecord | null, { copyEveryMs, takenWithinMs }: SnapshotPolicy, ofHosts: ReadonlySet<Digest>, nowUnixMs: number): readonly RecoveryAlert[] {
  if (taken === null) return [];
  if (off === null) return [{ reason: 'copies-missed', sinceUnixMs: 0, detail: 'all of them lie on the hosts that took them' }];
  if (onlyHostsOpen(off, ofHosts)) return [{ reason: 'copies-missed', sinceUnixMs: off.takenUnixMs, detail: `only hosts have a key to ${off.id}: name people’s keys in the policy (snapshots.recipients)` }];
  const dueUnixMs = off.takenUnixMs + (copyEveryMs ?? Number.POSITIVE_INFINITY) + takenWithinMs;
  return nowUnixMs <= dueUnixMs ? [] : [{ reason: 'copies-missed', sinceUnixMs: dueUnixMs, detail: `the newest that lies elsewhere is ${off.id}` }];
}

function ofDrill(drill: DrillRecord | null, { restoredWithinMs, drillEveryMs }: SnapshotPolicy, nowUnixMs: number): readonly RecoveryAlert[] {
  if (drill === null) return drillEveryMs === null ? [] : [{ reason: 'rto-missed', sinceUnixMs: 0, detail: 'no drill was ever made' }];
  const { end, beganUnixMs } = drill;
  if (!end.ok) return [{ reason: 'rto-missed', sinceUnixMs: beganUnixMs, detail: `the last drill did not go well: ${end.message}` }];
  if (end.rtoMs > restoredWithinMs) return [{ reason: 'rto-missed', sinceUnixMs: beganUnixMs, detail: `the last drill took ${Math.ceil(end.rtoMs / 1000)} s` }];
  // One that is late is made up for; two in a row say that something is wrong.
  const dueUnixMs = beganUnixMs + 2 * (drillEveryMs ?? Number.POSITIVE_INFINITY);
  return nowUnixMs <= dueUnixMs ? [] : [{ reason: 'rto-missed', sinceUnixMs: dueUnixMs, detail: 'the last drill is too long ago to say anything' }];
}
