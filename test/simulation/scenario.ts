import type { NodeRecord } from '../../coordinator/core/world.ts';
import type { FrozenPlan, FrozenWave, Plan, Share } from '../../shared/domain/plan.ts';
import type { ProcedureNode } from '../../shared/procedures/composition.ts';
import { planWork } from '../../shared/procedures/plan-work.ts';
import { freezePlan } from '../../coordinator/runtime/freeze-plan.ts';
import { kubeadmFacts } from '../support/example-cluster.ts';
import { DEFAULT_POLICY, type FleetPolicy } from '../../shared/domain/policy.ts';
import { resolveShare } from '../../shared/domain/resolve-share.ts';
import type { Dice } from '../support/seeded-dice.ts';
import type { Faults } from './faults.ts';

export const FLEET = 'sim';
/** What every node runs at first. */
export const START_MINOR = 33;
const NO_WAITS = { upgradeManifestsMs: 0, etcdApiCallMs: 0, kubernetesApiCallMs: 0, controlPlaneHealthCheckMs: 0, kubeletHealthCheckMs: 0 };

/** What a run is about: drawn once, the same for the same seed. */
export interface Scenario {
  readonly policy: FleetPolicy;
  readonly records: readonly NodeRecord[];
  readonly controlPlanes: FrozenPlan['controlPlanes'];
  /** By rollout: the minor of Kubernetes that its nodes run afterwards. */
  readonly minors: ReadonlyMap<string, number>;
  readonly starts: readonly { readonly atTick: number; readonly rollout: string; readonly frozen: FrozenPlan }[];
}

export function drawScenario(dice: Dice, faults: Faults): Scenario {
  const records = Array.from({ length: faults.nodes }, (_, index): NodeRecord => ({
    ...{ name: `n${index + 1}`, labels: {}, site: '', approved: true, enrolledUnixMs: 0 },
    cluster: `c${dice.int(1, faults.clusters)}`,
    zone: `z${dice.int(1, faults.zones)}`,
  }));
  const policy: FleetPolicy = {
    version: 1,
    maxUnavailable: { fleet: drawShare(dice), perCluster: drawShare(dice), perZone: drawShare(dice) },
    ...{ lostAfterMs: 5_000, deferAfterMs: 60_000, permitValidForMs: 30_000, clockLimitMs: 60_000, snapshots: DEFAULT_POLICY.snapshots },
  };
  const controlPlanes = drawControlPlanes(dice, records);
  const upgrade = dice.chance(0.4) ? drawUpgrade(dice, faults, records, controlPlanes) : null;
  const starts = Array.from({ length: faults.rollouts }, (_, index) => ({
    atTick: dice.int(3, 60),
    rollout: `r${index + 1}`,
    frozen: (index === 0 ? upgrade : null) ?? drawFrozen(dice, faults, records, controlPlanes, `digest-${index + 1}`),
  }));
  return { policy, records, controlPlanes, starts, minors: upgrade === null ? new Map() : minorsOf('r1', upgrade) };
}

function drawControlPlanes(dice: Dice, records: readonly NodeRecord[]): FrozenPlan['controlPlanes'] {
  const clusters = Map.groupBy(records, ({ cluster }) => cluster);
  return Object.fromEntries([...clusters].map(([cluster, nodes]) => [cluster, nodes.slice(0, dice.int(0, 3)).map(({ name }) => name)]));
}

/** All clusters from one minor to another one, several away at most, composed as the coordinator composes it; null where a cluster has no control plane. */
function drawUpgrade(dice: Dice, faults: Faults, records: readonly NodeRecord[], controlPlanes: FrozenPlan['controlPlanes']): FrozenPlan | null {
  const versions = Array.from({ length: dice.int(1, 5) }, (_, index) => `1.${START_MINOR + 1 + index}.1`);
  const facts = ({ name, cluster }: NodeRecord) => kubeadmFacts(controlPlanes[cluster]?.includes(name) === true ? 'cp' : 'w', `1.${START_MINOR}.1`);
  const nodes = records.map((record): ProcedureNode => ({ name: record.name, cluster: record.cluster, facts: facts(record), agent: null, isSelected: true }));
  const settings = { etcdUpgrade: true, certificateRenewal: true, imagePullPolicy: 'IfNotPresent', patches: '', ignorePreflightErrors: [], timeouts: NO_WAITS } as const;
  const procedure = { kind: 'kubeadm-upgrade', version: versions.at(-1)!, hops: versions, sources: ['s'], packageRevision: '1.1', settings, pointsOfNoReturn: ['control-plane'] } as const;
  const plan: Plan = { ...drawPlan(dice, faults, 'upgrade'), procedure };
  const work = planWork(plan, nodes, 0);
  if (!work.ok) return null;
  const waves = drawWaves(dice, records.map(({ name }) => name));
  const clusterOf = (name: string): string => records.find((record) => record.name === name)!.cluster;
  return freezePlan({ plan, waves: waves.map((wave) => ({ ...wave, needsAll: false })), hops: work.hops, clusterOf, roleOf: () => '', controlPlanes, drainOf: (hop, name) => ({ isDrained: hop.steps.has(name), because: 'the kubelet crosses a minor' }) });
}

function minorsOf(first: string, upgrade: FrozenPlan): ReadonlyMap<string, number> {
  const minors = new Map<string, number>();
  for (let frozen: FrozenPlan | null = upgrade; frozen !== null; frozen = frozen.chain?.next ?? null) {
    const hop = frozen.chain?.hop ?? 1;
    minors.set(hop === 1 ? first : `${first}-hop-${hop}`, frozen.chain === null ? START_MINOR + 1 : Number(frozen.chain.target.split('.')[1]));
  }
  return minors;
}

function drawShare(dice: Dice): Share {
  return dice.chance(0.7) ? { unit: 'nodes', value: dice.int(1, 3) } : { unit: 'percent', value: dice.pick([10, 34, 50, 100]) };
}

function drawFrozen(dice: Dice, faults: Faults, records: readonly NodeRecord[], controlPlanes: FrozenPlan['controlPlanes'], digest: string): FrozenPlan {
  const nodes = records.map(({ name }) => name).filter(() => dice.chance(0.8));
  if (nodes.length === 0) nodes.push('n1');
  const waves = drawWaves(dice, nodes);
  const plan = drawPlan(dice, faults, digest);
  const isDrained = dice.chance(0.6);
  return {
    plan,
    waves,
    maxUnavailable: resolveShare(plan.maxUnavailable, nodes.length),
    sequences: {},
    targets: Object.fromEntries(nodes.map((node) => [node, { kind: 'sequence', digest }])),
    ...{ controlPlanes, satisfied: [], noReturn: [], chain: null, rollbackOf: null },
    drained: isDrained ? nodes.filter(() => dice.chance(0.9)) : [],
  };
}

function drawPlan(dice: Dice, faults: Faults, name: string): Plan {
  const maxUnavailable: Share = { unit: 'nodes', value: dice.int(1, 3) };
  return {
    ...{ name, select: { labels: {} }, waves: [], steps: [], procedure: null, maxUnavailable, silenceMs: 60_000, onSilence: 'keep' },
    // Hosts that die shrink control planes: whether a last member may go down is for the property tests.
    allowControlPlaneOutage: true,
    maxFailures: dice.int(0, 2),
    onFailure: dice.chance(0.4) ? 'rollback' : 'pause',
    minDonePercent: dice.pick([0, 50, 90]),
    ...{ drain: 'auto', drainTimeoutMs: (faults.stubbornPods > 0 ? dice.int(20, 90) : 600) * 1_000 },
  };
}

function drawWaves(dice: Dice, nodes: readonly string[]): FrozenWave[] {
  const waves: FrozenWave[] = [];
  for (let at = 0; at < nodes.length; ) {
    const size = waves.length === 2 ? nodes.length : dice.int(1, nodes.length);
    waves.push({ name: `w${waves.length}`, nodes: nodes.slice(at, at + size), soakMs: dice.int(0, 1) * 3_000, needsAll: dice.chance(0.2) });
    at += size;
  }
  return waves;
}
