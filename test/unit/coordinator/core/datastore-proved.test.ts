import { describe, expect, test } from 'vitest';

import { decide } from '../../../../coordinator/core/decide.ts';
import { PROOF_AGE_MAX_MS } from '../../../../coordinator/core/datastore-proved.ts';
import { explainNode } from '../../../../coordinator/core/explain.ts';
import type { World } from '../../../../coordinator/core/world.ts';
import { DEFAULT_POLICY } from '../../../../shared/domain/policy.ts';
import type { HostFacts } from '../../../../shared/domain/host-facts.ts';
import type { KubeadmUpgrade } from '../../../../shared/domain/procedure.ts';
import type { StepSpec } from '../../../../shared/domain/step-spec.ts';
import { CONTROL_PLANE, ETCD_LOOK, K3S_SERVER } from '../../../support/example-facts.ts';
import { decisionLines } from '../../../support/decision-lines.ts';
import { aFrozen, aPlan, aProgress, aRollout, assigned, aView, aWorld, NOW } from '../../../support/world-builder.ts';

const MEMBER = { ...CONTROL_PLANE, etcdMember: ETCD_LOOK };
const STARTED = NOW.wallUnixMs - 60_000;
const UPGRADE = { kind: 'kubeadm-upgrade', version: '1.34.1' } as KubeadmUpgrade;

interface Parts {
  readonly hop?: number;
  readonly takenUnixMs?: number | null;
  readonly procedure?: KubeadmUpgrade | null;
  readonly steps?: readonly StepSpec[];
  readonly name?: string;
  /** Which datastore was proved, and which one the node has. */
  readonly of?: string;
  readonly facts?: HostFacts | null;
}

function worldOf({ hop = 0, takenUnixMs = null, procedure = UPGRADE, steps = [], name = 'n1', of = '', facts = null }: Parts = {}): World {
  const chain = hop === 0 ? null : { hop, hops: 3, target: 'v1.34.1', next: null };
  const frozen = aFrozen('r1', [[name]], { plan: aPlan({ procedure, steps, allowControlPlaneOutage: true }), controlPlanes: { prod: ['n1'] }, chain });
  const rollout = aRollout('r1', frozen, { type: 'wave-opened', wave: 'w0' }, assigned(name));
  const world = aWorld({ nodes: [aView(name, { record: { cluster: 'prod' }, progress: [aProgress('staged')], facts: facts === null ? null : { facts, sinceUnixMs: 0 } })], rollouts: [rollout] });
  return takenUnixMs === null ? world : { ...world, proofs: new Map([['prod', { of, takenUnixMs }]]) };
}

describe('why it waits is told as far as it is known', () => {
  const since = Date.UTC(2026, 0, 1, 12, 0, 5);
  const at = '2026-01-01 12:00:05 UTC';
  const failed = { message: 'no host can prove it', atUnixMs: since };
  test.each<[string, NonNullable<World['datastoreWork']>, string]>([
    ['before anything was begun', new Map(), ''],
    ['while a proof is made', new Map([['prod', { doing: 'worker-1 proves snapshot s1: proves it: restore', sinceUnixMs: since, lastFailure: null }]]), `: worker-1 proves snapshot s1: proves it: restore (since ${at})`],
    ['after one that failed', new Map([['prod', { doing: null, sinceUnixMs: since, lastFailure: failed }]]), `: the last one failed at ${at}: no host can prove it`],
    ['while the next is made', new Map([['prod', { doing: 'begins', sinceUnixMs: since, lastFailure: failed }]]), `: begins (since ${at}); the last one failed at ${at}: no host can prove it`],
    ['by nothing that is done about another cluster', new Map([['other', { doing: 'begins', sinceUnixMs: since, lastFailure: null }]]), ''],
  ])('%s', (_, datastoreWork, detail) => {
    const told = explainNode({ ...worldOf(), datastoreWork }, NOW, 'n1').find(({ reason }) => reason === 'datastore-unproved');
    expect(told).toMatchObject({ message: `nothing proves that the cluster’s datastore can be brought back to a moment right before this upgrade${detail}`, blockingObject: 'cluster prod' });
  });
});

describe('a control-plane node takes a slot', () => {
  test.each<[string, Parts, boolean]>([
    ['never without a proof', {}, false],
    ['with one from before the rollout', { takenUnixMs: STARTED - 1 }, true],
    ['not with one that is too old', { takenUnixMs: NOW.wallUnixMs - PROOF_AGE_MAX_MS - 1 }, false],
    ['not with one from a moment that is yet to come', { takenUnixMs: NOW.wallUnixMs + DEFAULT_POLICY.clockLimitMs + 1 }, false],
    ['not with one of another cluster that has its name', { takenUnixMs: STARTED, of: 'etcd 17', facts: MEMBER }, false],
    ['with one of its own, whatever the name', { takenUnixMs: STARTED, of: `etcd ${MEMBER.etcdMember.clusterId}`, facts: MEMBER }, true],
    ['not with one of another server', { takenUnixMs: STARTED, of: 'sqlite of n2', facts: K3S_SERVER }, false],
    ['with one of its own server', { takenUnixMs: STARTED, of: 'sqlite of n1', facts: K3S_SERVER }, true],
    ['in a later hop not with one from before the hop', { hop: 2, takenUnixMs: STARTED - 1 }, false],
    ['in a later hop with one of its own', { hop: 2, takenUnixMs: STARTED }, true],
    ['without one where no version changes', { procedure: null }, true],
    ['never without one where etcd itself changes', { procedure: null, steps: [{ kind: 'etcd_upgrade' } as StepSpec] }, false],
    ['a worker needs none', { name: 'w1' }, true],
  ])('%s', (_, parts, isGranted) => {
    const world = worldOf(parts);
    const name = parts.name ?? 'n1';
    expect(decisionLines(decide(world, NOW)).some((line) => line.startsWith(`slot ${name}`))).toBe(isGranted);
    expect(explainNode(world, NOW, name).some(({ reason }) => reason === 'datastore-unproved')).toBe(!isGranted);
  });
});
