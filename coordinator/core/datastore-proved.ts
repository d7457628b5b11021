import type { NodeName } from '../../shared/domain/ids.ts';
import type { Plan } from '../../shared/domain/plan.ts';
import { changesVersions } from './changes-versions.ts';
import type { RolloutState } from './rollout.ts';
import { datastoreIdOf } from './datastore-members.ts';
import type { Now, ProvedMoment, World } from './world.ts';

/** A snapshot that is older would lose more than anybody expects of an upgrade. */
export const PROOF_AGE_MAX_MS = 6 * 3_600_000;

/** What was taken later than this was taken by another clock, or this one went back: then no age that it gives is true. */
export function newestPossible({ policy }: Pick<World, 'policy'>, nowUnixMs: number): number {
  return nowUnixMs + policy.clockLimitMs;
}

/** What ran before may not read what the new version wrote. */
function needsProof(plan: Plan): boolean {
  return changesVersions(plan) || plan.steps.some(({ kind }) => kind === 'etcd_upgrade');
}

/**
 * I8: the cluster of a control-plane node whose datastore nothing proves well enough for this rollout to go on; null where
 * nothing is wanting. Every hop wants a proof of its own: what the one before it wrote is in no older snapshot.
 */
export function unprovedCluster(world: World, now: Now, { frozen, startedUnixMs }: RolloutState, node: NodeName): string | null {
  if (!needsProof(frozen.plan) || frozen.rollbackOf !== null) return null;
  const cluster = Object.keys(frozen.controlPlanes).find((name) => frozen.controlPlanes[name]?.includes(node));
  if (cluster === undefined) return null;
  const isLater = frozen.chain !== null && frozen.chain.hop > 1;
  const oldestUnixMs = Math.max(now.wallUnixMs - PROOF_AGE_MAX_MS, isLater ? startedUnixMs : 0);
  const proved = world.proofs?.get(cluster);
  if (proved === undefined || !isOfNode(world, proved, node)) return cluster;
  return proved.takenUnixMs >= oldestUnixMs && proved.takenUnixMs <= newestPossible(world, now.wallUnixMs) ? null : cluster;
}

/** A host may have come from another cluster, with its snapshots, and clusters may share a name. */
function isOfNode({ nodes }: World, { of }: ProvedMoment, node: NodeName): boolean {
  const view = nodes.get(node);
  const own = view === undefined ? '' : datastoreIdOf(view);
  return of === '' || own === '' || of === own;
}
