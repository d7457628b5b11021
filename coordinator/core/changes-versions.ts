import type { RolloutId } from '../../shared/domain/ids.ts';
import type { Plan } from '../../shared/domain/plan.ts';
import type { RolloutState } from './rollout.ts';

/** It changes which Kubernetes a cluster runs: all nodes of the cluster are concerned, whoever is selected (I4). */
export function changesVersions({ procedure }: Plan): boolean {
  return procedure?.kind === 'kubeadm-upgrade' || procedure?.kind === 'k3s-upgrade';
}

/**
 * A rollout after this one that may have taken a cluster of it further: what ran there before may be too old for it by now.
 * One that was brought back is none.
 */
export function laterUpgrade(rollouts: Iterable<RolloutState>, of: RolloutState, clusterOf: (node: string) => string): RolloutId | null {
  if (!changesVersions(of.frozen.plan)) return null;
  const clusters = new Set([...of.nodes.keys()].map(clusterOf));
  for (const other of rollouts) {
    const isLater = other.startedUnixMs > of.startedUnixMs || (other.startedUnixMs === of.startedUnixMs && other.id > of.id);
    if (!isLater || other.frozen.rollbackOf !== null || !changesVersions(other.frozen.plan)) continue;
    if (other.status.state === 'ended' && other.status.status === 'rolled-back') continue;
    if ([...other.nodes.keys()].some((node) => clusters.has(clusterOf(node)))) return other.id;
  }
  return null;
}
