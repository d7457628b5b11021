import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import { clustersWithDatastore } from '../core/datastore-members.ts';
import { type ClusterRecovery, recoveryOf } from '../core/recovery.ts';
import { FARRIER } from '../core/rollout-event.ts';
import type { DatastoreWork } from './datastore-work.ts';
import type { FleetState } from './fleet-state.ts';
import { hostKeys } from './host-keys.ts';
import type { SnapshotCopies } from './snapshot-copies.ts';
import type { SnapshotLog } from './snapshot-log.ts';

const LOOK_EVERY_MS = 30_000;
const PRUNE_EVERY_MS = 600_000;
/** What failed costs its hosts something each time. */
const TRY_AGAIN_AFTER_MS = 600_000;

export interface WatchSnapshotsParts {
  readonly state: FleetState;
  readonly log: SnapshotLog;
  readonly work: Pick<DatastoreWork, 'take' | 'drill'>;
  readonly copies: Pick<SnapshotCopies, 'prune'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps in the state where each cluster stands against the policy's targets, tells what changes, and has done what is due, until aborted. */
export async function watchSnapshots(parts: WatchSnapshotsParts, signal: AbortSignal): Promise<void> {
  const { clock, copies, logger } = parts;
  const tried = new Map<string, number>();
  let prunedMs = -Infinity;
  while (!signal.aborted) {
    lookAtRecovery(parts);
    for (const cluster of clustersWithDatastore(parts.state)) begin(cluster, parts, tried, signal);
    if (clock.monotonicMs() - prunedMs >= PRUNE_EVERY_MS) {
      prunedMs = clock.monotonicMs();
      await copies.prune().catch((error: unknown) => logger.error('old copies of snapshots were not deleted', { error }));
    }
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}

/** Each change is told once; what is missed stays in the state, for whoever asks why. */
function lookAtRecovery({ state, log, clock, logger }: WatchSnapshotsParts): void {
  const before = state.recovery ?? new Map<string, ClusterRecovery>();
  const ofHosts = hostKeys(state);
  state.recovery = new Map(clustersWithDatastore(state).map((cluster) => [cluster, recoveryOf(log.of(cluster), state.policy.snapshots, ofHosts, clock.wallUnixMs())]));
  for (const [cluster, { alerts }] of state.recovery) {
    const missed = new Set(before.get(cluster)?.alerts.map(({ reason }) => reason));
    for (const { reason, detail } of alerts) if (!missed.has(reason)) logger.warn('a target for snapshots is missed', { cluster, reason, why: detail });
    for (const reason of missed) if (!alerts.some((alert) => alert.reason === reason)) logger.info('a target for snapshots is met again', { cluster, reason });
  }
}

/** Begins what is due, and waits for none of it: a cluster whose hosts are slow keeps no other waiting. */
function begin(cluster: string, { state, log, work, clock, logger }: WatchSnapshotsParts, tried: Map<string, number>, signal: AbortSignal): void {
  const { copyEveryMs, drillEveryMs } = state.policy.snapshots;
  const { newestOffHost, lastDrill } = recoveryOf(log.of(cluster), state.policy.snapshots, hostKeys(state), clock.wallUnixMs());
  const isDue = (lastUnixMs: number, everyMs: number | null): boolean => everyMs !== null && clock.wallUnixMs() - lastUnixMs >= everyMs;
  const due = {
    copy: isDue(newestOffHost?.takenUnixMs ?? 0, copyEveryMs) ? async () => void (await work.take(cluster, null, signal)) : null,
    drill: isDue(lastDrill?.beganUnixMs ?? 0, drillEveryMs) ? async () => void (await work.drill(cluster, FARRIER, signal)) : null,
  };
  for (const [kind, run] of Object.entries(due)) {
    const key = `${kind} ${cluster}`;
    const beganMs = tried.get(key);
    if (run === null || (beganMs !== undefined && clock.monotonicMs() - beganMs < TRY_AGAIN_AFTER_MS)) continue;
    // For as long as it runs nothing is begun again, whatever it takes.
    tried.set(key, Infinity);
    run()
      .catch((error: unknown) => {
        if (!signal.aborted) logger.warn('what is due about snapshots was not done', { cluster, kind, error });
      })
      .finally(() => tried.set(key, clock.monotonicMs()));
  }
}
