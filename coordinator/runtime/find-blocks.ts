import type { NodeName } from '../../shared/domain/ids.ts';
import type { FrozenPlan, Plan } from '../../shared/domain/plan.ts';
import type { Hop, ProcedureNode } from '../../shared/procedures/composition.ts';
import { namesOf } from '../../shared/procedures/names-of.ts';
import { goesOn } from '../core/chain.ts';
import { canLoseOne } from '../core/control-planes.ts';
import { isLiving, type RolloutState } from '../core/rollout.ts';
import { changesVersions } from '../core/changes-versions.ts';

/** What would keep nodes of a rollout waiting for ever. */
export interface Block {
  readonly path: string;
  readonly code: 'unknown-step' | 'control-plane-outage' | 'cluster-busy' | 'drain-missing' | 'newer-than-apiserver' | 'other-runtime' | 'runtime-in-use';
  /** Cause and remedy; names the nodes. */
  readonly message: string;
}

/** Agents of another version may not know a kind of step. What one that is away knows shows only when it is back. */
export function findUnknownSteps(hops: readonly Hop[], nodes: ReadonlyMap<NodeName, ProcedureNode>): readonly Block[] {
  const unknown = new Map<string, Set<NodeName>>();
  for (const [name, steps] of hops.flatMap((hop) => [...hop.steps])) {
    const agent = nodes.get(name)?.agent ?? null;
    if (agent === null) continue;
    for (const { step } of steps.filter(({ step: { kind } }) => !agent.stepKinds.includes(kind))) {
      const key = `${step.kind} ${agent.version}`;
      unknown.set(key, (unknown.get(key) ?? new Set()).add(name));
    }
  }
  return [...unknown].map(([key, names]) => {
    const [kind, version] = key.split(' ');
    const message = `agents of version ${version} know no step ${asWritten(kind ?? '')} (${namesOf([...names])}); upgrade these agents first`;
    return { path: 'spec', code: 'unknown-step', message };
  });
}

/** What a plan calls a kind of step. */
function asWritten(kind: string): string {
  return kind === 'agent_upgrade' ? 'agent' : kind.replaceAll(/_(.)/gu, (_, letter: string) => letter.toUpperCase());
}

/** I4: two rollouts that change versions in one cluster could each be right and forbidden together. */
export function findBusyClusters(plan: Plan, hops: readonly Hop[], nodes: ReadonlyMap<NodeName, ProcedureNode>, rollouts: Iterable<RolloutState>): readonly Block[] {
  if (!changesVersions(plan)) return [];
  const clusters = new Set(hops.flatMap(({ steps }) => [...steps.keys()].map((name) => nodes.get(name)?.cluster)));
  return [...rollouts].filter((rollout) => changesVersions(rollout.frozen.plan) && (isLiving(rollout) || goesOn(rollout))).flatMap((rollout): readonly Block[] => {
    const shared = [...rollout.nodes.keys()].map((name) => nodes.get(name)?.cluster).find((cluster) => cluster !== undefined && clusters.has(cluster));
    if (shared === undefined) return [];
    return [{ path: 'spec.procedure', code: 'cluster-busy', message: `rollout ${rollout.id} changes the versions of cluster ${shared} and is not over; wait for it, or \`farrier rollout abort ${rollout.id}\`` }];
  });
}

/** I2: said before anything begins, so that nobody finds a rollout that waits for what only another plan can allow. */
export function findOutages(plan: Plan, hops: readonly Hop[], controlPlanes: FrozenPlan['controlPlanes']): readonly Block[] {
  if (plan.allowControlPlaneOutage) return [];
  return Object.entries(controlPlanes).flatMap(([cluster, members]): readonly Block[] => {
    const taken = members.filter((name) => hops.some(({ steps }) => steps.has(name)));
    if (taken.length === 0 || canLoseOne(members.length)) return [];
    const where = cluster === '' ? 'the nodes without a cluster have' : `cluster ${cluster} has`;
    const message = `${where} ${members.length} control-plane ${members.length === 1 ? 'node' : 'nodes'} (${namesOf(members)}) and cannot lose one; write allowControlPlaneOutage: true, or leave ${namesOf(taken)} out`;
    return [{ path: 'spec', code: 'control-plane-outage', message }];
  });
}

/** Nothing is taken down with its pods on it because nobody here can empty it. @param trouble why nobody can. */
export function findUndrained(drained: readonly NodeName[], trouble: string): readonly Block[] {
  if (drained.length === 0) return [];
  const message = `the steps take pods of ${namesOf(drained)} down, and no node can be drained: ${trouble}; write drain: never to upgrade them with their pods on them, or leave them out`;
  return [{ path: 'spec', code: 'drain-missing', message }];
}
