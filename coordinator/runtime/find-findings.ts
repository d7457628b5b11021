import type { Diagnostic } from '../../shared/domain/diagnostic.ts';
import type { HostFacts } from '../../shared/domain/host-facts.ts';
import type { NodeName } from '../../shared/domain/ids.ts';
import type { Finding } from '../../shared/preflight/finding.ts';
import { preflightEtcd } from '../../shared/preflight/preflight-etcd.ts';
import { preflight } from '../../shared/preflight/preflight.ts';
import { datastoreProofMissing } from '../../shared/preflight/rules/datastore-proof-missing.ts';
import { targetOf } from '../../shared/preflight/target-of.ts';
import type { ClusterFacts } from '../../shared/preflight/target.ts';
import type { ComposedStep, Hop, ProcedureNode } from '../../shared/procedures/composition.ts';
import { namesOf } from '../../shared/procedures/names-of.ts';

/** What no fact tells of a later hop: which etcd the one before it brought. The host judges itself again when it stages. */
const NOT_FORESEEN: readonly Finding['code'][] = ['etcd-too-old', 'etcd-flag-removed', 'single-control-plane-etcd'];

export type Found = Pick<Diagnostic, 'code' | 'message' | 'severity'>;

/**
 * Everything that preflights find on the nodes of a plan, each thing once with the names of all nodes that it holds for.
 *
 * @param unproved clusters whose datastore has no proof that is young enough (I8), and why none can be made; '' where one can
 */
export function findFindings(hops: readonly Hop[], nodes: ReadonlyMap<NodeName, ProcedureNode>, unproved: ReadonlyMap<string, string>, nowUnixMs: number): readonly Found[] {
  const found = new Map<string, { readonly finding: Finding; readonly hop: string; readonly names: NodeName[] }>();
  for (const [index, hop] of hops.entries()) {
    const factsOf = (name: NodeName): HostFacts | null => hop.facts.get(name) ?? nodes.get(name)?.facts ?? null;
    const clusters = new Map<string, ClusterFacts>();
    for (const [name, steps] of hop.steps) {
      const facts = factsOf(name);
      const cluster = nodes.get(name)?.cluster ?? '';
      const around = clusters.get(cluster) ?? { name: cluster, nodes: membersOf(nodes, cluster, name, factsOf), datastoreProved: !unproved.has(cluster), proofObstacle: unproved.get(cluster) ?? '' };
      clusters.set(cluster, around);
      for (const finding of findingsOf(facts, steps, around, nowUnixMs)) {
        if (index > 0 && NOT_FORESEEN.includes(finding.code)) continue;
        const key = `${index} ${finding.code} ${finding.message}`;
        const same = found.get(key) ?? { finding, hop: hops.length === 1 ? '' : ` at ${hop.target}`, names: [] };
        if (!same.names.includes(name)) same.names.push(name);
        found.set(key, same);
      }
    }
  }
  return [...found.values()].map(({ finding: { code, severity, message }, hop, names }) => ({ code, severity, message: `${namesOf(names)}${hop}: ${message}` }));
}

function findingsOf(facts: HostFacts | null, steps: readonly ComposedStep[], cluster: ClusterFacts, nowUnixMs: number): readonly Finding[] {
  return steps.flatMap(({ step }, index) => {
    if (step.kind === 'etcd_upgrade') return preflightEtcd(step, facts, cluster);
    const target = targetOf(step, steps.slice(0, index).map((each) => each.step), { nowUnixMs, cluster });
    if (target === null) return [];
    // Its agent told nothing, and the plan's own steps need no facts.
    return facts === null ? datastoreProofMissing(null, target) : preflight(facts, target);
  });
}

/** A node of no cluster is alone. */
function membersOf(nodes: ReadonlyMap<NodeName, ProcedureNode>, cluster: string, alone: NodeName, factsOf: (name: NodeName) => HostFacts | null): ClusterFacts['nodes'] {
  const names = cluster === '' ? [alone] : [...nodes.values()].filter((node) => node.cluster === cluster).map(({ name }) => name);
  return names.map((name) => ({ name, facts: factsOf(name) }));
}
