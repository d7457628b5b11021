import type { Diagnostic } from '../../shared/domain/diagnostic.ts';
import type { NodeName } from '../../shared/domain/ids.ts';
import { parsePlan } from '../../shared/plan/parse-plan.ts';
import { chooseDrain } from '../../shared/procedures/choose-drain.ts';
import type { Hop, ProcedureNode } from '../../shared/procedures/composition.ts';
import { holdsCluster, roleOf } from '../../shared/domain/node-role.ts';
import { planWork } from '../../shared/procedures/plan-work.ts';
import { planWaves } from '../core/plan-waves.ts';
import type { NodeView } from '../core/world.ts';
import type { FleetState } from './fleet-state.ts';
import { findBusyClusters, findOutages, findUndrained, findUnknownSteps } from './find-blocks.ts';
import { findFindings } from './find-findings.ts';
import { findMissingArtifacts } from './find-missing-artifacts.ts';
import { findOtherRuntimes } from './find-other-runtimes.ts';
import { findSharedNodes } from './find-shared-nodes.ts';
import { findTooNew } from './find-too-new.ts';
import type { Resolved } from './freeze-plan.ts';

export interface ResolvedPlan {
  readonly diagnostics: readonly Diagnostic[];
  /** Null where a diagnostic is an error. */
  readonly resolved: Resolved | null;
  /** What it would do, also where a diagnostic refuses that; null where nobody can tell. */
  readonly planned: Resolved | null;
}

export interface Moment {
  /** Wall clock. */
  readonly nowUnixMs: number;
  /** Clusters of which nothing proves that their datastore can be brought back (I8), and why no proof can be made; '' where one can. */
  readonly unproved: ReadonlyMap<string, string>;
  /** Why no node can be drained now; null where it can. */
  readonly noDrain: string | null;
  /** Bytes of each that this coordinator has, by its sha256. */
  readonly artifacts: ReadonlyMap<string, number>;
}

/** Reads a plan and looks at the fleet, changing nothing. */
export function resolvePlan(state: FleetState, yaml: string, file: string, { nowUnixMs, unproved, noDrain, artifacts }: Moment): ResolvedPlan {
  const parsed = parsePlan(yaml, file);
  if (!parsed.ok) return { diagnostics: parsed.diagnostics, resolved: null, planned: null };
  const { plan, warnings, locate } = parsed;
  const views = [...state.nodes.values()];
  const placed = planWaves(plan, views.map(({ record }) => record));
  const at = (path: string, code: string, message: string): Diagnostic => ({ file, ...locate(path), path, code, message, severity: 'error' });
  const misplaced = placed.problems.map(({ path, code, message }) => at(path, code, message));
  const selected = new Set(placed.waves.flatMap(({ nodes }) => nodes));
  if (selected.size === 0) return { diagnostics: [...warnings, ...misplaced], resolved: null, planned: null };

  const nodes = concerned(views, selected);
  const work = planWork(plan, nodes, nowUnixMs);
  if (!work.ok) return { diagnostics: [...warnings, ...misplaced, ...work.problems.map(({ path, code, message }) => at(`spec.${path}`, code, message))], resolved: null, planned: null };
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const controlPlanes = controlPlanesOf(nodes);
  const drainOf = (hop: Hop, name: NodeName) => chooseDrain(plan, hop, byName, name);
  const drained = work.hops.flatMap((hop) => [...hop.steps.keys()].filter((name) => drainOf(hop, name).isDrained));
  const undrained = noDrain === null ? [] : findUndrained([...new Set(drained)], noDrain);
  const blocks = [...undrained, ...findUnknownSteps(work.hops, byName), ...findOutages(plan, work.hops, controlPlanes), ...findBusyClusters(plan, work.hops, byName, state.rollouts.values()), ...findTooNew(plan, work.hops, byName), ...findOtherRuntimes(plan, work.hops, byName)];
  const path = plan.procedure === null ? 'spec.steps' : `spec.procedure.${plan.procedure.kind}`;
  const findings = [...findFindings(work.hops, byName, unproved, nowUnixMs), ...findMissingArtifacts(work.hops, artifacts)].map(({ code, message, severity }) => ({ ...at(path, code, message), severity }));
  const shared = findSharedNodes(new Set(work.hops.flatMap(({ steps }) => [...steps.keys()])), state.rollouts.values());
  const busy = shared.map((message): Diagnostic => ({ ...at('spec', 'nodes-busy', message), severity: 'warning' }));
  const diagnostics = [...warnings, ...misplaced, ...blocks.map((block) => at(block.path, block.code, block.message)), ...findings, ...(blocks.length > 0 ? [] : busy)];
  if (misplaced.length > 0) return { diagnostics, resolved: null, planned: null };
  const planned: Resolved = {
    ...{ plan, waves: placed.waves, hops: work.hops, controlPlanes, drainOf },
    clusterOf: (name) => byName.get(name)?.cluster ?? '',
    roleOf: (name) => roleOf(byName.get(name)?.facts ?? null),
  };
  return { diagnostics, resolved: diagnostics.some(({ severity }) => severity === 'error') ? null : planned, planned };
}

/** Those that the plan takes, and all others of their clusters. */
function concerned(views: readonly NodeView[], selected: ReadonlySet<NodeName>): readonly ProcedureNode[] {
  const clusters = new Set(views.filter(({ record }) => selected.has(record.name)).map(({ record }) => record.cluster));
  return views
    .filter(({ record }) => selected.has(record.name) || (record.cluster !== '' && clusters.has(record.cluster)))
    .map(({ record, session, facts }) => ({
      ...{ name: record.name, cluster: record.cluster, facts: facts?.facts ?? null, isSelected: selected.has(record.name) },
      agent: session.state === 'silent' ? null : { version: session.hello.agentVersion, stepKinds: session.hello.stepKinds },
    }));
}

function controlPlanesOf(nodes: readonly ProcedureNode[]): Readonly<Record<string, readonly NodeName[]>> {
  const members = nodes.filter(({ facts }) => holdsCluster(facts));
  const byCluster = Map.groupBy(members, ({ cluster }) => cluster);
  return Object.fromEntries([...byCluster].map(([cluster, found]) => [cluster, found.map(({ name }) => name).toSorted()]));
}
