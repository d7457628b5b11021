import type { NodeRecord } from '../../coordinator/core/world.ts';
import type { FrozenPlan, FrozenWave, Share } from '../../shared/domain/plan.ts';
import type { FleetPolicy } from '../../shared/domain/policy.ts';
import { resolveShare } from '../../shared/domain/resolve-share.ts';
import type { Dice } from '../support/seeded-dice.ts';
import type { Faults } from './faults.ts';

export const FLEET = 'sim';

/** What a run is about: drawn once, the same for the same seed. */
export interface Scenario {
  readonly policy: FleetPolicy;
  readonly records: readonly NodeRecord[];
  readonly controlPlanes: FrozenPlan['controlPlanes'];
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
    ...{ lostAfterMs: 5_000, deferAfterMs: 60_000, permitValidForMs: 30_000, clockLimitMs: 60_000 },
  };
  const controlPlanes = drawControlPlanes(dice, records);
  const starts = Array.from({ length: faults.rollouts }, (_, index) => ({
    atTick: dice.int(3, 60),
    rollout: `r${index + 1}`,
    frozen: drawFrozen(dice, records, controlPlanes, `digest-${index + 1}`),
  }));
  return { policy, records, controlPlanes, starts };
}

function drawControlPlanes(dice: Dice, records: readonly NodeRecord[]): FrozenPlan['controlPlanes'] {
  const clusters = Map.groupBy(records, ({ cluster }) => cluster);
  return Object.fromEntries([...clusters].map(([cluster, nodes]) => [cluster, nodes.slice(0, dice.int(0, 3)).map(({ name }) => name)]));
}

function drawShare(dice: Dice): Share {
  return dice.chance(0.7) ? { unit: 'nodes', value: dice.int(1, 3) } : { unit: 'percent', value: dice.pick([10, 34, 50, 100]) };
}

function drawFrozen(dice: Dice, records: readonly NodeRecord[], controlPlanes: FrozenPlan['controlPlanes'], digest: string): FrozenPlan {
  const nodes = records.map(({ name }) => name).filter(() => dice.chance(0.8));
  if (nodes.length === 0) nodes.push('n1');
  const waves = drawWaves(dice, nodes);
  const maxUnavailable: Share = { unit: 'nodes', value: dice.int(1, 3) };
  return {
    plan: {
      ...{ name: digest, select: { labels: {} }, waves: [], steps: [], procedure: null, maxUnavailable, silenceMs: 60_000, onSilence: 'keep' },
      // Hosts that die shrink control planes: whether a last member may go down is for the property tests.
      allowControlPlaneOutage: true,
      maxFailures: dice.int(0, 2),
      onFailure: dice.chance(0.4) ? 'rollback' : 'pause',
      minDonePercent: dice.pick([0, 50, 90]),
    },
    waves,
    maxUnavailable: resolveShare(maxUnavailable, nodes.length),
    sequences: {},
    targets: Object.fromEntries(nodes.map((node) => [node, { kind: 'sequence', digest }])),
    ...{ controlPlanes, satisfied: [], noReturn: [], chain: null, rollbackOf: null },
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
