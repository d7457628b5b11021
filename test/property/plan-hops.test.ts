import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import { formatKubeVersion, parseKubeVersion } from '../../shared/domain/kube-version.ts';
import type { Member } from '../../shared/procedures/kubernetes/member.ts';
import { planHops, type Upgrade } from '../../shared/procedures/kubernetes/plan-hops.ts';
import { orderWaves } from '../../shared/procedures/order-waves.ts';
import { CONTROL_PLANE } from '../support/example-facts.ts';

const RUNS = 2_000;
const seen = { planned: 0, chains: 0, walked: 0, refused: 0, moments: 0 };

const version = (of: number, patch = 1) => parseKubeVersion(`v1.${of}.${patch}`)!;

interface Drawn {
  readonly members: readonly Member[];
  readonly upgrade: Upgrade;
}

/** Clusters as they stand, mostly sound: API servers of one minor or two, kubelets up to four behind. */
const drawn: fc.Arbitrary<Drawn> = fc
  .record({
    base: fc.integer({ min: 28, max: 33 }),
    apart: fc.array(fc.constantFrom(0, 0, 0, 1), { minLength: 1, maxLength: 3 }),
    behind: fc.array(fc.constantFrom(0, 0, 0, 1, 1, 2, 2, 3, 4), { maxLength: 4 }),
    selected: fc.array(fc.nat(14).map((number) => number > 0), { minLength: 7, maxLength: 7 }),
    target: fc.integer({ min: 28, max: 37 }),
    left: fc.constantFrom(-1, -1, -1, -1, 30, 34),
    workersSkip: fc.boolean(),
  })
  .map(({ base, apart, behind, selected, target, left, workersSkip }) => {
    const member = (name: string, at: number, kubelet: number, apiserver: number | null): Member => ({
      ...{ name, cluster: 'prod', isControlPlane: apiserver !== null, isSelected: selected[at] ?? true, facts: CONTROL_PLANE, tool: null },
      ...{ kubelet: version(kubelet), apiserver: apiserver === null ? null : version(apiserver) },
    });
    const members = [...apart.map((extra, index) => member(`cp-${index}`, index, base + extra, base + extra)), ...behind.map((less, index) => member(`w-${index}`, 3 + index, base - less, null))];
    const versions = Array.from({ length: 10 }, (_, index) => 28 + index).filter((each) => each <= target && each !== left).map((each) => version(each));
    return { members, upgrade: { path: 'p', target: version(target), versions, versionsKey: 'hops', hasFirst: true, workersSkip } };
  });

/** By the words of the policy alone: minors, as numbers. A control-plane node's kubelet meets the API server beside it. */
function isForbidden(members: readonly Member[]): string | null {
  const apis = members.flatMap(({ apiserver }) => (apiserver === null ? [] : [apiserver.minor]));
  const [oldest, newest] = [Math.min(...apis), Math.max(...apis)];
  if (newest - oldest > 1) return `API servers ${oldest} and ${newest}`;
  for (const { name, kubelet, apiserver } of members) {
    if (kubelet.minor > (apiserver?.minor ?? oldest)) return `kubelet ${kubelet.minor} of ${name} above ${apiserver?.minor ?? oldest}`;
    if (newest - kubelet.minor > (kubelet.minor < 25 ? 2 : 3)) return `kubelet ${kubelet.minor} of ${name} below ${newest}`;
  }
  return null;
}

/** Carries the hops out as a rollout may: wave after wave, in each of them the nodes in any order, control planes one by one. */
function play({ members, upgrade }: Drawn, dice: (below: number) => number): string[] {
  const { hops, problems } = planHops(upgrade, members);
  if (problems.length > 0) seen.refused += 1;
  const breaches: string[] = [];
  let now = members;
  const wave = { name: 'all', nodes: members.filter(({ isSelected }) => isSelected).map(({ name }) => name), soakMs: 0, needsAll: false };
  for (const [index, hop] of hops.entries()) {
    const steps = new Map([...hop.takes.keys()].map((name) => [name, []] as const));
    for (const { nodes } of orderWaves([wave], { target: '', steps, order: hop.order, noReturn: new Set(), facts: new Map() }, () => 'prod', index === hops.length - 1)) {
      const left = [...nodes];
      while (left.length > 0) {
        const [name] = left.splice(dice(left.length), 1);
        now = now.map((member) => (member.name === name ? { ...member, kubelet: hop.version, apiserver: member.apiserver === null ? null : hop.version } : member));
        seen.moments += 1;
        const forbidden = isForbidden(now);
        if (forbidden !== null && isForbidden(members) === null) breaches.push(`after ${name} of ${formatKubeVersion(hop.version)}: ${forbidden}`);
      }
    }
    if (hop.order.controlPlane.size + hop.order.first.size < hop.takes.size && index < hops.length - 1) seen.walked += 1;
  }
  if (hops.length === 0) return breaches;
  seen.planned += 1;
  if (hops.length > 1) seen.chains += 1;
  for (const { name, isSelected, kubelet } of now) if (isSelected && kubelet.minor !== upgrade.target.minor) breaches.push(`${name} ends at ${kubelet.minor}`);
  return breaches;
}

describe('hops never', () => {
  test('I4: make a skew that the policy forbids, at any moment, in any order of nodes; and end at the target', () => {
    fc.assert(
      fc.property(drawn, fc.array(fc.nat(99), { minLength: 8, maxLength: 8 }), (world, numbers) => {
        let at = 0;
        expect(play(world, (below) => numbers[at++ % numbers.length]! % below)).toEqual([]);
      }),
      { numRuns: RUNS, seed: 1 },
    );
    expect(seen.planned).toBeGreaterThan(500);
    expect(seen.chains, 'targets several minors away').toBeGreaterThan(300);
    expect(seen.walked, 'hops that took workers on the way').toBeGreaterThan(50);
    expect(seen.refused).toBeGreaterThan(300);
  });

  test('skip a minor of a control plane, or of workers that may skip none', () => {
    let strict = 0;
    fc.assert(
      fc.property(drawn, ({ members, upgrade }) => {
        const { hops } = planHops(upgrade, members);
        const minors = hops.filter(({ order }) => order.first.size + order.controlPlane.size > 0).map(({ version: each }) => each.minor);
        const oldest = Math.min(...members.flatMap(({ apiserver }) => (apiserver === null ? [] : [apiserver.minor])));
        for (const [index, each] of minors.entries()) expect(each - (minors[index - 1] ?? oldest)).toBeLessThanOrEqual(1);
        if (upgrade.workersSkip) return;
        for (const { version: to, takes } of hops) {
          for (const { isControlPlane, kubelet } of takes.values()) {
            if (isControlPlane) continue;
            strict += 1;
            expect(to.minor - kubelet.minor).toBeLessThanOrEqual(1);
          }
        }
      }),
      { numRuns: RUNS, seed: 2 },
    );
    expect(strict, 'workers that may skip none').toBeGreaterThan(300);
  });
});

afterAll(() => console.log('clusters that were about it', JSON.stringify(seen)));
