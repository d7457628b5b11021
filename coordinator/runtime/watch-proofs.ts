import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import { unprovedCluster } from '../core/datastore-proved.ts';
import { isLiving } from '../core/rollout.ts';
import type { ProvedMoment } from '../core/world.ts';
import type { DatastoreProof } from '../ports/datastore-proof.ts';
import { type FleetState, nowOf } from './fleet-state.ts';

const LOOK_EVERY_MS = 5_000;
/** A failed proof costs the datastore's host a snapshot each time. */
const TRY_AGAIN_AFTER_MS = 300_000;

/** Keeps the newest proofs in the state, and makes one for each cluster that a rollout waits for, until aborted (I8). */
export async function watchProofs(
  proof: DatastoreProof,
  parts: { readonly state: FleetState; readonly clock: Clock; readonly logger: Logger; readonly changed: () => void },
  signal: AbortSignal,
): Promise<void> {
  const { state, clock, logger, changed } = parts;
  const triedMs = new Map<string, number>();
  const provide = async (cluster: string): Promise<void> => {
    const known = await proof.newest(cluster);
    if (known !== null) keep(state, cluster, known);
    const tried = triedMs.get(cluster);
    if (!wantingClusters(state, clock).includes(cluster) || (tried !== undefined && clock.monotonicMs() - tried < TRY_AGAIN_AFTER_MS)) return;
    triedMs.set(cluster, clock.monotonicMs());
    const made = await proof.prove(cluster, signal);
    if (made.ok) keep(state, cluster, made.snapshot);
    else logger.warn('the datastore was not proved; its control plane waits', { cluster, code: made.code, why: made.message });
  };
  const underWay = new Set<string>();
  /** No cluster waits for another's hosts. */
  const begin = (cluster: string): void => {
    if (underWay.has(cluster)) return;
    underWay.add(cluster);
    provide(cluster)
      .catch((error: unknown) => {
        if (!signal.aborted) logger.warn('the datastore was not proved; its control plane waits', { cluster, error });
      })
      .finally(() => {
        underWay.delete(cluster);
        changed();
      });
  };
  while (!signal.aborted) {
    for (const cluster of wantingClusters(state, clock)) begin(cluster);
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}

function keep(state: FleetState, cluster: string, { of, takenUnixMs }: ProvedMoment): void {
  state.proofs = new Map(state.proofs).set(cluster, { of, takenUnixMs });
}

/** Clusters of which some living rollout has a control-plane node to upgrade, and no proof that is good enough. */
function wantingClusters(state: FleetState, clock: Clock): readonly string[] {
  const now = nowOf(clock);
  const wanting = [...state.rollouts.values()].filter(isLiving).flatMap((rollout) =>
    [...rollout.nodes].flatMap(([name, node]) => (node.state === 'waiting' || node.state === 'assigned' ? (unprovedCluster(state, now, rollout, name) ?? []) : [])),
  );
  return [...new Set(wanting)];
}
