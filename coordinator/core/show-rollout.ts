import type { Generation, NodeName, RolloutId, WaveName } from '../../shared/domain/ids.ts';
import type { Reason } from '../../shared/domain/reason.ts';
import { Budget } from './budget.ts';
import { isUncordoning, nextBeforePermit } from './draining.ts';
import { explainInRollout, type Explaining, explaining, soakCause } from './explain-in-rollout.ts';
import { assignedNodes, standingOf } from './standing.ts';
import { reportedProgress } from './reported-progress.ts';
import { FARRIER } from './rollout-event.ts';
import type { Assigned, RolloutNode, RolloutState } from './rollout.ts';
import { statusCause } from './status-cause.ts';
import type { Now, World } from './world.ts';

/** A rollout as people see it: message Rollout of the wire. */
export interface RolloutView {
  readonly id: RolloutId;
  readonly plan: string;
  /** `paused` by a person, `held` by the system; `pausing` until every permit is acknowledged as begun or recalled. */
  readonly status: 'running' | 'pausing' | 'paused' | 'held' | 'aborting' | 'rolling-back' | 'completed' | 'failed' | 'aborted' | 'rolled-back';
  readonly reason: Reason | '';
  readonly detail: string;
  readonly nodes: readonly RolloutNodeView[];
  /** maxUnavailable of this rollout, in nodes. */
  readonly budget: number;
  /** Of its nodes, whatever the reason. */
  readonly unavailable: number;
  /** Of those: not reported since the coordinator started. */
  readonly unreported: number;
  readonly slots: number;
  readonly startedUnixMs: number;
  readonly endedUnixMs: number;
  readonly rollbackOf: RolloutId | '';
  readonly maxFailures: number;
  readonly failures: number;
  /** May begin at any moment: neither begun nor recalled. */
  readonly outstanding: number;
  readonly startedBy: string;
  /** Elapsed time left at the pace so far; 0 while unknown. */
  readonly leftMs: number;
  /** From 1, of so many that follow one another; 0 where the target is reached at once. */
  readonly hop: number;
  readonly hops: number;
  readonly hopTarget: string;
}

export interface RolloutNodeView {
  readonly node: NodeName;
  readonly wave: WaveName;
  readonly phase: Phase;
  readonly step: string;
  readonly reason: Reason | '';
  readonly detail: string;
  readonly sinceUnixMs: number;
  readonly generation: Generation;
}

export type Phase =
  | 'waiting'
  | 'assigned'
  | 'staging'
  | 'staged'
  | 'slot'
  | 'draining'
  | 'permitted'
  | 'activating'
  | 'reverting'
  | 'uncordoning'
  | 'done'
  | 'reverted'
  | 'refused'
  | 'needs-a-person'
  | 'deferred'
  | 'gone';

export function showRollout(world: World, now: Now, rollout: RolloutState): RolloutView {
  const { id, frozen, status, startedUnixMs } = rollout;
  const budget = new Budget(world, now, world.ledger.slots, world.rollouts.values());
  const outstanding = [...assignedNodes(rollout)].filter(([name, node]) => standingOf(world, rollout, name, node).kind === 'outstanding').length;
  const here = explaining(world, now, rollout, budget);
  const reasons = frozen.waves.flatMap((wave) => wave.nodes).map((name) => budget.reason(name));
  const nodes = frozen.waves.flatMap((wave) => wave.nodes.map((name) => showNode(here, wave.name, name)));
  return {
    id,
    plan: frozen.plan.name,
    status: shownStatus(rollout, outstanding),
    ...shownReason(here),
    nodes: [...nodes, ...frozen.satisfied.map((name) => showSatisfied(rollout, name))],
    budget: frozen.maxUnavailable,
    unavailable: reasons.filter((reason) => reason !== null).length,
    unreported: reasons.filter((reason) => reason === 'not-reported').length,
    slots: [...world.ledger.slots.values()].filter((slot) => slot.rollout === id).length,
    startedUnixMs,
    endedUnixMs: status.state === 'ended' ? status.atUnixMs : 0,
    rollbackOf: frozen.rollbackOf ?? '',
    maxFailures: frozen.plan.maxFailures,
    failures: rollout.failures,
    outstanding,
    startedBy: rollout.startedBy,
    leftMs: estimateLeft(rollout, now),
    ...{ hop: frozen.chain?.hop ?? 0, hops: frozen.chain?.hops ?? 0, hopTarget: frozen.chain?.target ?? '' },
  };
}

function shownStatus({ status }: RolloutState, outstanding: number): RolloutView['status'] {
  if (status.state === 'ended') return status.status;
  if (status.state !== 'paused') return status.state;
  if (outstanding > 0) return 'pausing';
  return status.by === FARRIER ? 'held' : 'paused';
}

/** What is over says so by its status. */
function shownReason(here: Explaining): { readonly reason: Reason | ''; readonly detail: string } {
  const { status } = here.rollout;
  const cause = status.state === 'running' ? soakCause(here) : statusCause(here.rollout);
  return cause === null || status.state === 'ended' ? { reason: '', detail: '' } : { reason: cause.reason, detail: cause.detail };
}

function showSatisfied({ startedUnixMs }: RolloutState, node: NodeName): RolloutNodeView {
  return { node, wave: '', phase: 'done', step: '', reason: '', detail: 'at the target already', sinceUnixMs: startedUnixMs, generation: 0 };
}

function showNode(here: Explaining, wave: WaveName, name: NodeName): RolloutNodeView {
  const { world, rollout } = here;
  const node = rollout.nodes.get(name);
  if (node === undefined) throw new Error(`rollout ${rollout.id} has no node ${name}`);
  const [cause] = explainInRollout(here, name);
  const { phase, step } = shownPhase(world, rollout, name, node);
  const sinceUnixMs = cause?.sinceUnixMs ?? (node.state === 'ended' ? node.atUnixMs : rollout.startedUnixMs);
  return { node: name, wave, phase, step, reason: cause?.reason ?? '', detail: cause?.detail ?? toldAtEnd(here, name, node), sinceUnixMs, generation: node.generation };
}

/** What the host had to tell of its steps once all were done. */
function toldAtEnd({ world, rollout }: Explaining, name: NodeName, { generation }: RolloutNode): string {
  const progress = world.nodes.get(name)?.journal.assignments.get(generation);
  return progress?.rollout === rollout.id && progress.state === 'done' ? (progress.outcome?.message ?? '') : '';
}

function shownPhase(world: World, rollout: RolloutState, name: NodeName, node: RolloutNode): { readonly phase: Phase; readonly step: string } {
  if (node.state === 'ended') return { phase: node.end.state === 'done' && isUncordoning(world, rollout, name, node.generation) ? 'uncordoning' : node.end.state, step: '' };
  return node.state === 'assigned' ? assignedPhase(world, rollout, name, node) : { phase: node.state, step: '' };
}

function assignedPhase(world: World, rollout: RolloutState, name: NodeName, node: Assigned): { readonly phase: Phase; readonly step: string } {
  const view = world.nodes.get(name);
  const progress = view === undefined ? null : reportedProgress(view, rollout.id, node);
  const hasSlot = world.ledger.slots.get(name)?.generation === node.generation;
  if (progress === null) return { phase: hasSlot ? 'slot' : 'assigned', step: '' };
  const { state, stepName: step } = progress;
  switch (state) {
    case 'accepted':
      return { phase: 'staging', step };
    case 'staged':
      return { phase: node.permitIssued ? 'permitted' : !hasSlot ? 'staged' : isDraining(world, rollout, name, node) ? 'draining' : 'slot', step: '' };
    case 'active':
      return { phase: 'activating', step };
    case 'permitted':
    case 'reverting':
    case 'needs-a-person':
    case 'done':
    case 'reverted':
    case 'refused':
      return { phase: state, step };
  }
}

function isDraining(world: World, rollout: RolloutState, name: NodeName, { generation }: Assigned): boolean {
  return rollout.status.state === 'running' && nextBeforePermit(world, rollout, name, generation) !== 'permit';
}

/** What is left at the pace of the nodes that are over; wrong by as much as the nodes differ. */
function estimateLeft(rollout: RolloutState, now: Now): number {
  if (rollout.status.state !== 'running') return 0;
  const nodes = [...rollout.nodes.values()];
  const over = nodes.filter(({ state }) => state === 'ended').length;
  const left = nodes.filter(({ state }) => state === 'waiting' || state === 'assigned').length;
  return over === 0 ? 0 : Math.max(0, Math.round(((now.wallUnixMs - rollout.startedUnixMs) / over) * left));
}
