import type { AssignmentProgress } from '../../coordinator/core/assignment-progress.ts';
import type { LedgerEvent, Slot } from '../../coordinator/core/ledger-event.ts';
import { emptyLedger, evolveLedger, type LedgerState } from '../../coordinator/core/ledger.ts';
import type { RolloutEventBody } from '../../coordinator/core/rollout-event.ts';
import { foldRollout, type RolloutState } from '../../coordinator/core/rollout.ts';
import type { HelloFacts, NodeRecord, NodeView, Now, Session, World } from '../../coordinator/core/world.ts';
import type { Cordon } from '../../coordinator/ports/drain.ts';
import type { FrozenPlan, Plan } from '../../shared/domain/plan.ts';
import { DEFAULT_POLICY, type FleetPolicy } from '../../shared/domain/policy.ts';

/** Small worlds for tests of decisions: everything has a value, and a test names only what it is about. */
export const NOW: Now = { monotonicMs: 100_000_000, wallUnixMs: Date.UTC(2026, 0, 1) };
export const EPOCH = 3;

export function later(now: Now, ms: number): Now {
  return { monotonicMs: now.monotonicMs + ms, wallUnixMs: now.wallUnixMs + ms };
}

export function aRecord(name: string, over: Partial<NodeRecord> = {}): NodeRecord {
  return { name, labels: {}, cluster: '', zone: '', site: '', approved: true, enrolledUnixMs: 0, ...over };
}

export function aHello(over: Partial<HelloFacts> = {}): HelloFacts {
  return {
    ...{ agentVersion: '0.1.0', bootId: 'boot', machineId: 'machine', journalId: 'journal', journalSequence: 0 },
    ...{ highestGeneration: 0, highestEpoch: 0, osRelease: '', architecture: 'amd64', stepKinds: [], clockOffsetMs: 0 },
    ...over,
  };
}

export const SESSIONS = {
  connected: { state: 'connected', sinceMonotonicMs: 0, reported: true, hello: aHello() },
  unreported: { state: 'connected', sinceMonotonicMs: 0, reported: false, hello: aHello({ journalSequence: 9 }) },
  silent: { state: 'silent', sinceMonotonicMs: NOW.monotonicMs - 100_000 },
  silentForLong: { state: 'silent', sinceMonotonicMs: NOW.monotonicMs - 10_000_000 },
  justLost: { state: 'lost', sinceMonotonicMs: NOW.monotonicMs - 1_000, hello: aHello() },
  lost: { state: 'lost', sinceMonotonicMs: NOW.monotonicMs - 100_000, hello: aHello() },
  away: { state: 'lost', sinceMonotonicMs: NOW.monotonicMs - 10_000_000, hello: aHello() },
} as const satisfies Record<string, Session>;

export interface ViewParts {
  readonly record?: Partial<NodeRecord>;
  readonly session?: Session;
  readonly progress?: readonly AssignmentProgress[];
  readonly permitRequest?: NodeView['permitRequest'];
  readonly cluster?: NodeView['cluster'];
  readonly facts?: NodeView['facts'];
  readonly drain?: NodeView['drain'];
}

export function aView(name: string, parts: ViewParts = {}): NodeView {
  const assignments = new Map((parts.progress ?? []).map((progress) => [progress.generation, progress] as const));
  return {
    record: aRecord(name, parts.record),
    session: parts.session ?? SESSIONS.connected,
    journal: { journalId: 'journal', lastSequence: 1, assignments, conflicts: new Map() },
    permitRequest: parts.permitRequest ?? null,
    cluster: parts.cluster ?? null,
    facts: parts.facts ?? null,
    ...(parts.drain === undefined ? {} : { drain: parts.drain }),
  };
}

export function aProgress(state: AssignmentProgress['state'], over: Partial<AssignmentProgress> = {}): AssignmentProgress {
  const begun = !['accepted', 'staged', 'permitted', 'refused'].includes(state);
  return {
    ...{ rollout: 'r1', generation: 1, digest: 'digest-r1', state, begun, stepName: '', attempt: 1, outcome: null, sinceUnixMs: 0, journalId: 'journal' },
    ...over,
  };
}

export function aPlan(over: Partial<Plan> = {}): Plan {
  return {
    ...{ name: 'plan', select: { labels: {} }, waves: [], steps: [], procedure: null, allowControlPlaneOutage: false, maxUnavailable: { unit: 'nodes', value: 1 }, silenceMs: 60_000, onSilence: 'keep' },
    ...{ maxFailures: 0, onFailure: 'pause', minDonePercent: 90, drain: 'auto', drainTimeoutMs: 600_000 },
    ...over,
  };
}

/** Waves as lists of nodes: `[['n1'], ['n2', 'n3']]` are w0 and w1. */
export function aFrozen(id: string, waves: readonly (readonly string[])[], over: Partial<FrozenPlan> & { readonly plan?: Plan; readonly soakMs?: number } = {}): FrozenPlan {
  const { soakMs = 0, ...rest } = over;
  return {
    plan: aPlan(),
    waves: waves.map((nodes, index) => ({ name: `w${index}`, nodes, soakMs, needsAll: false })),
    maxUnavailable: 1,
    sequences: {},
    targets: Object.fromEntries(waves.flat().map((node) => [node, { kind: 'sequence', digest: `digest-${id}` }])),
    controlPlanes: {},
    satisfied: [],
    noReturn: [],
    drained: [],
    rollbackOf: null,
    chain: null,
    ...rest,
  };
}

/** A rollout whose log is `started` and then these events. */
export function aRollout(id: string, frozen: FrozenPlan, ...bodies: readonly RolloutEventBody[]): RolloutState {
  const started: RolloutEventBody = { type: 'started', frozen, by: 'ann' };
  return foldRollout(id, null, 1, [started, ...bodies].map((body) => ({ ...body, wallUnixMs: NOW.wallUnixMs - 60_000 })));
}

export function further(rollout: RolloutState, ...bodies: readonly RolloutEventBody[]): RolloutState {
  return foldRollout(rollout.id, rollout, rollout.sequence + 1, bodies.map((body) => ({ ...body, wallUnixMs: NOW.wallUnixMs })));
}

export function assigned(node: string, generation = 1, over: Partial<Extract<RolloutEventBody, { type: 'assigned' }>> = {}): RolloutEventBody {
  return { type: 'assigned', node, generation, epoch: EPOCH, digest: 'digest-r1', envelope: 'ZW52', ...over };
}

export function done(node: string, generation = 1): RolloutEventBody {
  return { type: 'node-ended', node, generation, end: { state: 'done' } };
}

export function reverted(node: string, generation = 1): RolloutEventBody {
  return { type: 'node-ended', node, generation, end: { state: 'reverted', outcome: { code: 'verify-failed', message: 'it did not come up', object: 'app.service' } } };
}

export function aSlot(node: string, over: Partial<Slot> = {}): Slot {
  return { node, rollout: 'r1', wave: 'w0', generation: 1, takenUnixMs: NOW.wallUnixMs - 5_000, ...over };
}

export function aLedger(...events: readonly LedgerEvent[]): LedgerState {
  const leader: LedgerEvent = { type: 'leader', epoch: EPOCH, holder: 'a', wallUnixMs: 0 };
  return [leader, ...events].reduce((state, event, index) => evolveLedger(state, index + 1, event), emptyLedger());
}

export function ledgerWith(...slots: readonly Slot[]): LedgerState {
  return slots.length === 0 ? aLedger() : aLedger({ type: 'slots-taken', epoch: EPOCH, slots });
}

export interface WorldParts {
  readonly nodes: readonly NodeView[];
  readonly rollouts?: readonly RolloutState[];
  readonly ledger?: LedgerState;
  readonly policy?: Partial<FleetPolicy>;
  readonly cordons?: Readonly<Record<string, Cordon>>;
}

export function aWorld({ nodes, rollouts = [], ledger = aLedger(), policy = {}, cordons = {} }: WorldParts): World {
  return {
    ...{ fleet: 'fleet', epoch: EPOCH, ledger, policy: { ...DEFAULT_POLICY, ...policy } },
    nodes: new Map(nodes.map((view) => [view.record.name, view])),
    rollouts: new Map(rollouts.map((rollout) => [rollout.id, rollout])),
    cordons: new Map(Object.entries(cordons)),
  };
}
