import type { NodeName, RolloutId } from '../../shared/domain/ids.ts';
import { type Reason, REASONS } from '../../shared/domain/reason.ts';
import { isClockOff } from './assignment-block.ts';
import { Budget } from './budget.ts';
import { datastoreOf } from './datastore-members.ts';
import { lastAnswer, NOBODYS } from './draining.ts';
import { explainInRollout, explaining } from './explain-in-rollout.ts';
import { isLiving } from './rollout.ts';
import { unavailableReason } from './unavailable.ts';
import type { NodeView, Now, WaitingHost, World } from './world.ts';

/** Why a node is where it is: message Explanation of the wire. */
export interface Explanation {
  readonly reason: Reason;
  readonly message: string;
  /** What blocks: a node, a rollout, a wave, a scope, a step; empty where nothing does. */
  readonly blockingObject: string;
  readonly sinceUnixMs: number;
  readonly whoCanUnblock: string;
  readonly whatNext: string;
  /** Empty where it is so for every rollout. */
  readonly rollout: RolloutId | '';
}

/** A reason before its texts are looked up. */
export interface Cause {
  readonly reason: Reason;
  readonly object: string;
  readonly sinceUnixMs: number;
  /** What this time makes it different from the reason's own text; may be empty. */
  readonly detail: string;
}

/** Everything that keeps a node from going on, in the fleet and in every rollout that has it; the newest rollout first. */
export function explainNode(world: World, now: Now, name: NodeName): readonly Explanation[] {
  const view = world.nodes.get(name);
  const budget = new Budget(world, now, world.ledger.slots, world.rollouts.values());
  const rollouts = [...world.rollouts.values()].filter(({ nodes }) => nodes.has(name)).toSorted((a, b) => b.startedUnixMs - a.startedUnixMs);
  const shown = rollouts.filter((rollout, index) => isLiving(rollout) || index === 0);
  return [
    ...(view === undefined ? [] : ofNode(world, now, view).map((cause) => explain(cause, ''))),
    ...shown.flatMap((rollout) => explainInRollout(explaining(world, now, rollout, budget), name).map((cause) => explain(cause, rollout.id))),
  ];
}

function ofNode(world: World, now: Now, view: NodeView): readonly Cause[] {
  const causes: Cause[] = [];
  const { session, record } = view;
  const sessionSince = now.wallUnixMs - (now.monotonicMs - session.sinceMonotonicMs);
  const slot = world.ledger.slots.get(record.name);
  const reason = unavailableReason(world, now, view);
  if (slot !== undefined) causes.push({ reason: 'holds-slot', object: `${slot.rollout} generation ${slot.generation}`, sinceUnixMs: slot.takenUnixMs, detail: '' });
  else if (reason !== null) causes.push({ reason, object: record.name, sinceUnixMs: sessionSince, detail: reason === 'orphan-cordon' ? ofOrphan(world, record.name) : '' });
  if (slot !== undefined && session.state !== 'connected') {
    causes.push({ reason: session.state === 'lost' ? 'session-lost' : 'not-reported', object: record.name, sinceUnixMs: sessionSince, detail: '' });
  }
  if (view.refusal && session.state === 'connected') {
    causes.push({ reason: 'waiting-for-agent', object: record.name, sinceUnixMs: view.refusal.sinceUnixMs, detail: `it refused what it was sent: ${view.refusal.code} ${view.refusal.detail}` });
  }
  causes.push(...ofRecovery(world, view));
  if (record.pending) causes.push({ reason: 'pending-approval', object: record.name, sinceUnixMs: record.pending.enrolledUnixMs, detail: waiting(record.pending) });
  if (isClockOff(world, view) && session.state === 'connected') {
    causes.push({ reason: 'clock-off', object: record.name, sinceUnixMs: sessionSince, detail: `by ${Math.round(session.hello.clockOffsetMs / 1000)} s` });
  }
  return causes;
}

/** What is missed of the policy's targets for the datastore that lies on its host. */
function ofRecovery(world: World, { record, facts }: NodeView): readonly Cause[] {
  if (datastoreOf(facts?.facts ?? null) === null) return [];
  return (world.recovery?.get(record.cluster)?.alerts ?? []).map((alert) => ({ ...alert, object: `cluster ${record.cluster}` }));
}

/** Who left it there, and why it is still there. */
function ofOrphan(world: World, name: NodeName): string {
  const last = lastAnswer(world, name, NOBODYS);
  return `of rollout ${world.cordons?.get(name)?.rollout ?? ''}${last?.ok === false ? `; ${last.code} ${last.message}` : ''}`;
}

function waiting({ identity: { machineId } }: WaitingHost): string {
  return machineId === '' ? '' : `it has the machine id ${machineId}`;
}

/** A cause with the texts of its reason. */
export function explain({ reason, object, sinceUnixMs, detail }: Cause, rollout: RolloutId | ''): Explanation {
  const { message, unblock, next } = REASONS[reason];
  return {
    reason,
    message: detail === '' ? message : `${message}: ${detail}`,
    blockingObject: object,
    sinceUnixMs,
    whoCanUnblock: unblock,
    whatNext: next,
    rollout,
  };
}
