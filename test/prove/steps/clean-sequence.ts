import { startChecker } from '../../fleet/checker.ts';
import type { AtOnce } from '../../fleet/down-intervals.ts';
import type { Host } from '../../fleet/host.ts';
import { failed } from '../play-path.ts';
import { type ClusterStage, MAX_UNAVAILABLE } from './cluster-stage.ts';
import { atMost, findHostProblems, findOrderProblems, readKept } from './judge-sequence.ts';

/** What a program of a host says once the host is upgraded. */
export interface Saying {
  readonly argv: readonly string[];
  readonly says: string;
}

export interface CleanSequence {
  readonly plan: string;
  /** As every kubelet reports it in the end. */
  readonly version: string;
  /** Units without which a host counts as down. */
  readonly unitsOf: (host: Host) => readonly string[];
  readonly sayingsOf: (host: Host) => readonly Saying[];
}

const COMPLETED_MAX_MS = 15 * 60_000;

/**
 * Upgrades a whole cluster by its plan with nothing going wrong, and judges it by what the hosts, their kubelets and a
 * checker outside show. @returns what was seen, in a few words. @throws ProofFailed
 */
export async function playCleanSequence(stage: ClusterStage, sequence: CleanSequence): Promise<string> {
  const { farrier, cluster } = stage;
  const kept = await readKept(farrier.nodes);
  const watched = watchDown(stage, sequence);
  const startedMs = performance.now();
  const rollout = await farrier.start(sequence.plan);
  const problems: string[] = [];
  await farrier.waitFor(rollout, ['completed'], COMPLETED_MAX_MS).catch((error: unknown) => problems.push(String(error).slice(0, 3_000)));
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  const { nodes, planes } = await watched.stop();
  await cluster.waitUntilReady(sequence.version).catch((error: unknown) => problems.push(`not every kubelet is Ready as ${sequence.version}: ${String(error)}`));
  problems.push(
    ...(nodes.certain === 0 ? ['the checker saw no host down: it proves nothing'] : []),
    ...atMost(MAX_UNAVAILABLE, 'nodes were down at once', nodes.possible),
    ...atMost(1, 'control planes were down at once', planes.possible),
    ...(await findOrderProblems(stage)),
    ...(await findForgotten(stage, rollout)),
    ...(await Promise.all(farrier.nodes.map(async (host) => await findHostProblems(host, sequence.sayingsOf(host), kept.get(host.name))))).flat(),
  );
  if (problems.length > 0) throw await failed({ nodes: farrier.nodes }, rollout, problems);
  return `${cluster.controlPlanes.length} + ${cluster.workers.length} nodes at ${sequence.version} in ${seconds} s; down at once at most ${nodes.possible} (allowed: ${MAX_UNAVAILABLE}), control planes ${planes.possible}; holds and marks as before`;
}

/** Looks from outside at all nodes, and at control planes apart. */
function watchDown({ farrier, cluster }: ClusterStage, { unitsOf: units }: CleanSequence): { readonly stop: () => Promise<{ readonly nodes: AtOnce; readonly planes: AtOnce }> } {
  const { faults } = farrier.fleet;
  const checkers = { nodes: startChecker({ hosts: farrier.nodes, faults, units }), planes: startChecker({ hosts: cluster.controlPlanes, faults, units }) };
  return {
    stop: async () => ({ nodes: (await checkers.nodes.stop()).greatestAtOnce.oursOrUnexplained, planes: (await checkers.planes.stop()).greatestAtOnce.oursOrUnexplained }),
  };
}

/** No node was left out by the rollout, and none is left cordoned in its cluster. */
async function findForgotten({ farrier, cluster }: ClusterStage, rollout: string): Promise<readonly string[]> {
  const phases = new Map((await farrier.show(rollout)).nodes.map(({ node, phase }) => [node, phase]));
  const cordoned = (await cluster.nodes()).filter(({ spec }) => spec.unschedulable === true);
  return [
    ...farrier.nodes.filter(({ name }) => phases.get(name) !== 'done').map(({ name }) => `${name}: the rollout shows ${phases.get(name) ?? 'nothing of it'}`),
    ...cordoned.map(({ metadata: { name } }) => `${name} was left cordoned`),
  ];
}
