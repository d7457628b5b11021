import fc from 'fast-check';

import type { AssignmentProgress } from '../../coordinator/core/assignment-progress.ts';
import type { DrainAnswer } from '../../coordinator/core/draining.ts';
import type { Slot } from '../../coordinator/core/ledger-event.ts';
import type { RolloutEventBody } from '../../coordinator/core/rollout-event.ts';
import type { RolloutState } from '../../coordinator/core/rollout.ts';
import type { NodeView, World } from '../../coordinator/core/world.ts';
import type { Cordon } from '../../coordinator/ports/drain.ts';
import type { FrozenPlan, Share } from '../../shared/domain/plan.ts';
import type { FleetPolicy } from '../../shared/domain/policy.ts';
import { CONTROL_PLANE } from './example-facts.ts';
import { aFrozen, aHello, aPlan, aProgress, aRollout, assigned, aSlot, aView, aWorld, done, EPOCH, ledgerWith, NOW, reverted, SESSIONS } from './world-builder.ts';

const NODES_MAX = 7;
const WAVES = 3;

interface NodeSpec {
  readonly session: keyof typeof SESSIONS;
  readonly cluster: string;
  readonly zone: string;
  readonly condition: 'unwatched' | 'ready' | 'not-ready' | 'cordoned' | 'silent';
  readonly approved: boolean;
  /** Which rollout has it assigned, if it is among its nodes; the others have it waiting or over. */
  readonly owner: number;
  readonly fate: AssignmentProgress['state'] | 'unsent';
  readonly hasSlot: boolean;
  readonly hasPermit: boolean;
  readonly asks: boolean;
  /** Every other one is known by its facts, the others were known when the first rollout was frozen. */
  readonly isControlPlane: boolean;
  readonly elsewhere: 'waiting' | 'done' | 'reverted' | 'deferred';
  /** Whose cordon it bears: `owner` of this leader, `older` of one before, of r1 where nobody owns it. */
  readonly cordon: 'none' | (typeof CORDONS)[number];
  readonly drain: (typeof DRAINS)[number];
}

interface RolloutSpec {
  /** A wave for each node, or none. */
  readonly waves: readonly (number | null)[];
  readonly openWaves: number;
  readonly maxUnavailable: number;
  readonly maxFailures: number;
  readonly onFailure: 'pause' | 'rollback';
  readonly minDonePercent: number;
  readonly soakMs: number;
  readonly allowsOutage: boolean;
  readonly needsAll: boolean;
  readonly drains: boolean;
  readonly status: 'running' | 'paused' | 'resumed' | 'aborting' | 'rolling-back';
}

const share: fc.Arbitrary<Share> = fc.oneof(
  fc.record({ unit: fc.constant('nodes' as const), value: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ unit: fc.constant('percent' as const), value: fc.constantFrom(20, 34, 50, 100) }),
);

const WHOLE: Share = { unit: 'percent', value: 100 };

const SESSION_NAMES = ['unreported', 'silent', 'silentForLong', 'justLost', 'lost', 'away', 'connected'] as const;
const FATES = ['unsent', 'accepted', 'permitted', 'active', 'reverting', 'done', 'reverted', 'refused', 'needs-a-person', 'staged'] as const;

const CORDONS = ['owner', 'older', 'lost'] as const;
const DRAINS = ['unasked', 'cordoned', 'drained', 'blocked', 'unreachable', 'restored', 'too-long'] as const;

/** One in `rarity` nodes is in some other state than a healthy one that waits for a slot. */
function nodeSpec(rarity: number): fc.Arbitrary<NodeSpec> {
  const rarely = <const T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> => fc.oneof({ weight: rarity - 1, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
  return fc.record({
    session: rarely('connected', ...SESSION_NAMES),
    cluster: fc.constantFrom('', 'c1', 'c2'),
    zone: fc.constantFrom('', 'z1', 'z2'),
    condition: rarely('unwatched', 'ready', 'not-ready', 'not-ready', 'cordoned', 'silent'),
    approved: rarely(true, true, true, false),
    owner: fc.integer({ min: 0, max: 2 }),
    fate: rarely('staged', ...FATES),
    hasSlot: rarely(false, true),
    hasPermit: fc.boolean(),
    asks: fc.boolean(),
    isControlPlane: fc.constantFrom(false, false, false, false, true),
    elsewhere: rarely('waiting', 'done', 'done', 'reverted', 'deferred'),
    cordon: fc.nat(12 * rarity).map((drawn) => CORDONS[drawn] ?? 'none'),
    drain: fc.constantFrom(...DRAINS),
  });
}

const rolloutSpec: fc.Arbitrary<RolloutSpec> = fc.record({
  waves: fc.array(fc.option(fc.integer({ min: 0, max: WAVES - 1 }), { freq: 4 }), { minLength: NODES_MAX, maxLength: NODES_MAX }),
  openWaves: fc.constantFrom(0, 1, 2, WAVES, WAVES),
  maxUnavailable: fc.integer({ min: 1, max: 3 }),
  maxFailures: fc.constantFrom(0, 1, 9),
  onFailure: fc.constantFrom('pause', 'rollback'),
  minDonePercent: fc.constantFrom(0, 50, 90),
  soakMs: fc.constantFrom(0, 120_000),
  allowsOutage: fc.constantFrom(true, true, true, false),
  needsAll: fc.nat(19).map((drawn) => drawn === 0),
  drains: fc.boolean(),
  status: fc.constantFrom('running', 'running', 'running', 'running', 'running', 'running', 'paused', 'resumed', 'aborting', 'rolling-back'),
});

/** Fleets in every state that logs, journals and sessions can be in together, and in some that they should never be in. */
export const arbitraryWorld: fc.Arbitrary<World> = fc
  .record({
    nodes: fc.oneof(...[2, 4, 8].map((rarity) => fc.array(nodeSpec(rarity), { minLength: 1, maxLength: NODES_MAX, size: 'max' }))),
    rollouts: fc.array(rolloutSpec, { minLength: 1, maxLength: 3 }),
    policy: fc.record({ fleet: share, perCluster: share, perZone: share }),
  })
  .map(buildWorld);

/** One cluster whose other limits leave room: what refuses a slot is its control plane. */
export const arbitraryControlPlane: fc.Arbitrary<World> = fc
  .record({
    nodes: fc.array(
      fc.tuple(nodeSpec(12), fc.constantFrom(true, true, false)).map(([spec, isControlPlane]): NodeSpec => ({ ...spec, isControlPlane, cluster: 'c1', owner: 0 })),
      { minLength: 1, maxLength: NODES_MAX, size: 'max' },
    ),
    rollouts: fc.tuple(rolloutSpec.map((spec): RolloutSpec => ({ ...spec, maxUnavailable: NODES_MAX, status: 'running', openWaves: WAVES }))),
    policy: fc.constant({ fleet: WHOLE, perCluster: WHOLE, perZone: WHOLE }),
  })
  .map(buildWorld);

/** Rollouts that drain, most of whose nodes hold a slot or bear a cordon. */
export const arbitraryDrain: fc.Arbitrary<World> = fc
  .record({
    nodes: fc.array(
      fc.tuple(nodeSpec(3), fc.constantFrom(true, true, false), fc.constantFrom('none', 'owner', 'owner', 'older', 'lost')).map(([spec, hasSlot, cordon]): NodeSpec => ({ ...spec, hasSlot, cordon, session: spec.asks ? 'connected' : spec.session, owner: 0 })),
      { minLength: 1, maxLength: NODES_MAX, size: 'max' },
    ),
    rollouts: fc.tuple(rolloutSpec.map((spec): RolloutSpec => ({ ...spec, drains: true, openWaves: WAVES }))),
    policy: fc.constant({ fleet: WHOLE, perCluster: WHOLE, perZone: WHOLE }),
  })
  .map(buildWorld);

/** Hosts that go back beside others that wait, where no other limit refuses a slot. */
export const arbitraryFailing: fc.Arbitrary<World> = fc
  .record({
    nodes: fc.array(
      fc.tuple(nodeSpec(12), fc.constantFrom('reverting', 'staged', 'staged', 'staged')).map(([spec, fate]): NodeSpec => ({ ...spec, fate, hasSlot: fate === 'reverting' || spec.hasSlot, owner: 0 })),
      { minLength: 1, maxLength: NODES_MAX, size: 'max' },
    ),
    rollouts: fc.tuple(rolloutSpec.map((spec): RolloutSpec => ({ ...spec, maxUnavailable: NODES_MAX, status: 'running', openWaves: WAVES }))),
    policy: fc.constant({ fleet: WHOLE, perCluster: WHOLE, perZone: WHOLE }),
  })
  .map(buildWorld);

/** One cluster whose datastore the first rollout restores, beside rollouts that want nodes of it and of another one. */
export const arbitraryRestore: fc.Arbitrary<World> = fc
  .record({
    nodes: fc.array(
      fc.tuple(nodeSpec(12), fc.constantFrom('c1', 'c1', 'c2'), fc.nat(3), fc.nat(7)).map(([spec, cluster, worker, slot]): NodeSpec => ({ ...spec, cluster, zone: '', cordon: 'none', ...(cluster === 'c1' && worker > 0 ? { owner: 0, isControlPlane: true, hasSlot: slot === 0 } : { owner: 1, isControlPlane: false, hasSlot: slot < 4 }) })),
      { minLength: 3, maxLength: NODES_MAX, size: 'max' },
    ),
    rollouts: fc.tuple(rolloutSpec, rolloutSpec).map((specs) => specs.map((spec): RolloutSpec => ({ ...spec, maxUnavailable: NODES_MAX, maxFailures: 9, waves: spec.waves.map((wave) => (wave === null ? null : 0)), openWaves: WAVES }))),
    policy: fc.constant({ fleet: WHOLE, perCluster: WHOLE, perZone: WHOLE }),
  })
  .map((spec) => buildWorld({ ...spec, restores: 'c1' }));

interface WorldSpec {
  readonly nodes: readonly NodeSpec[];
  readonly rollouts: readonly RolloutSpec[];
  readonly policy: FleetPolicy['maxUnavailable'];
  /** The cluster that the first rollout restores: it takes those nodes of it that no other owns. */
  readonly restores?: string;
}

function buildWorld({ nodes, rollouts: drawn, policy, restores }: WorldSpec): World {
  const rollouts = drawn.map((spec, index): RolloutSpec => (restores === undefined || index > 0 ? spec : { ...spec, waves: nodes.map(({ cluster, owner }) => (cluster === restores && owner === 0 ? 0 : null)) }));
  const states = rollouts.map((spec, index) => buildRollout(spec, index, nodes, index === 0 ? restores : undefined));
  const views = nodes.map((spec, at) => buildView(spec, at, states));
  const slots = nodes.flatMap((spec, at) => buildSlot(spec, at, states));
  const cordons = Object.fromEntries(nodes.flatMap((spec, at) => buildCordon(spec, at, states)));
  return aWorld({ nodes: views, rollouts: states, ledger: ledgerWith(...slots), cordons, policy: { maxUnavailable: policy } });
}

function nameOf(at: number): string {
  return `n${at + 1}`;
}

function ownerOf(spec: NodeSpec, at: number, rollouts: readonly RolloutState[]): RolloutState | undefined {
  const owner = rollouts[spec.owner];
  return owner?.nodes.get(nameOf(at))?.state === 'assigned' ? owner : undefined;
}

function buildRollout(spec: RolloutSpec, index: number, nodes: readonly NodeSpec[], restores: string | undefined): RolloutState {
  const id = `r${index + 1}`;
  const taken: (number | null)[] = nodes.map((_, at): number | null => spec.waves[at] ?? null);
  if (!taken.some((wave) => wave !== null)) taken[0] = 0;
  const waves = Array.from({ length: WAVES }, (_, wave) => taken.flatMap((one, at) => (one === wave ? [nameOf(at)] : []))).filter((names) => names.length > 0);
  const { maxFailures, onFailure, minDonePercent, maxUnavailable, soakMs } = spec;
  const plan = aPlan({ maxFailures, onFailure, minDonePercent, allowControlPlaneOutage: spec.allowsOutage });
  const drawn = aFrozen(id, waves, { plan, maxUnavailable, soakMs, controlPlanes: index === 0 ? controlPlanesOf(nodes) : {}, drained: spec.drains ? waves.flat() : [] });
  const mark = restores === undefined ? {} : { restore: { cluster: restores, snapshot: 'a'.repeat(64), takenUnixMs: 1, lost: '1h' } };
  const frozen = { ...drawn, ...mark, waves: drawn.waves.map((wave) => ({ ...wave, needsAll: spec.needsAll })) };
  const open = Math.min(spec.openWaves, waves.length);
  const events: RolloutEventBody[] = [];
  for (let wave = 0; wave < open; wave++) {
    if (wave > 0) events.push({ type: 'wave-completed', wave: `w${wave - 1}` });
    events.push({ type: 'wave-opened', wave: `w${wave}` });
    for (const name of waves[wave]!) events.push(...nodeEvents(nodes[Number(name.slice(1)) - 1]!, name, index, id));
  }
  return aRollout(id, frozen, ...events, ...statusEvents(spec.status));
}

function controlPlanesOf(nodes: readonly NodeSpec[]): FrozenPlan['controlPlanes'] {
  const members = nodes.flatMap(({ cluster, isControlPlane }, at) => (isControlPlane && at % 2 === 0 ? [{ cluster, name: nameOf(at) }] : []));
  return Object.fromEntries([...Map.groupBy(members, ({ cluster }) => cluster)].map(([cluster, found]) => [cluster, found.map(({ name }) => name)]));
}

function nodeEvents(spec: NodeSpec, node: string, index: number, id: string): RolloutEventBody[] {
  const assignment = assigned(node, 1 + spec.owner, { digest: `digest-${id}` });
  if (spec.owner === index) return spec.hasPermit && spec.hasSlot ? [assignment, { type: 'permit-issued', node, generation: 1 + spec.owner, requestId: 'old' }] : [assignment];
  if (spec.elsewhere === 'waiting') return [];
  if (spec.elsewhere === 'deferred') return [{ type: 'node-deferred', node }];
  return [assignment, spec.elsewhere === 'done' ? done(node, 1 + spec.owner) : reverted(node, 1 + spec.owner)];
}

function statusEvents(status: RolloutSpec['status']): RolloutEventBody[] {
  const paused: RolloutEventBody = { type: 'paused', by: 'ann', reason: 'paused-by-person', detail: '' };
  switch (status) {
    case 'running':
      return [];
    case 'paused':
      return [paused];
    case 'resumed':
      return [paused, { type: 'resumed', by: 'ann' }];
    case 'aborting':
      return [{ type: 'aborted', by: 'ann', why: '' }];
    case 'rolling-back':
      return [{ type: 'rollback-asked', by: 'ann', why: '' }];
  }
}

function buildView(spec: NodeSpec, at: number, rollouts: readonly RolloutState[]): NodeView {
  const owner = ownerOf(spec, at, rollouts);
  const [name, generation] = [nameOf(at), 1 + spec.owner];
  const digest = `digest-${owner?.id}`;
  const outcome = { code: 'recalled', message: '', object: '' } as const;
  const progress = owner === undefined || spec.fate === 'unsent' ? [] : [aProgress(spec.fate, { rollout: owner.id, generation, digest, outcome })];
  const session = SESSIONS[spec.session];
  const drain = spec.drain === 'unasked' ? null : { generation, sinceMonotonicMs: NOW.monotonicMs - (spec.drain === 'too-long' ? 10 ** 7 : 0), last: ANSWERS[spec.drain] };
  return aView(name, {
    record: { cluster: spec.cluster, zone: spec.zone, approved: spec.approved },
    session: session.state === 'silent' ? session : { ...session, hello: aHello({ journalSequence: spec.session === 'unreported' ? 9 : 1 }) },
    progress,
    permitRequest: owner !== undefined && spec.asks ? { requestId: 'new', rollout: owner.id, generation, digest, bootId: 'boot' } : null,
    drain,
    facts: spec.isControlPlane && at % 2 === 1 ? { facts: CONTROL_PLANE, sinceUnixMs: 0 } : null,
    cluster: spec.condition === 'unwatched' ? null : { ready: spec.condition !== 'not-ready', unschedulable: spec.condition === 'cordoned', silent: spec.condition === 'silent' },
  });
}

const POD = 'default/web-1';
const ANSWERS: Readonly<Record<Exclude<NodeSpec['drain'], 'unasked'>, DrainAnswer>> = {
  cordoned: { ok: true, state: 'cordoned' },
  drained: { ok: true, state: 'drained' },
  blocked: { ok: true, state: 'blocked', pods: [], blocks: [{ pod: POD, code: 'budget', budget: 'web', message: '' }] },
  unreachable: { ok: false, code: 'api-unreachable', message: '', object: '' },
  restored: { ok: true, state: 'restored' },
  'too-long': { ok: true, state: 'leaving', pods: [POD] },
};

function buildCordon(spec: NodeSpec, at: number, rollouts: readonly RolloutState[]): readonly (readonly [string, Cordon])[] {
  const rollout = spec.cordon === 'lost' ? 'r0' : ownerOf(spec, at, rollouts)?.id;
  if (spec.cordon === 'none' || rollout === undefined) return [];
  return [[nameOf(at), { fleet: 'fleet', rollout, epoch: spec.cordon === 'owner' ? EPOCH : EPOCH - 1 }]];
}

function buildSlot(spec: NodeSpec, at: number, rollouts: readonly RolloutState[]): Slot[] {
  const owner = ownerOf(spec, at, rollouts);
  if (owner === undefined || !spec.hasSlot || spec.fate === 'unsent' || spec.fate === 'accepted') return [];
  const wave = owner.frozen.waves.find(({ nodes }) => nodes.includes(nameOf(at)))!.name;
  return [aSlot(nameOf(at), { rollout: owner.id, generation: 1 + spec.owner, wave })];
}
