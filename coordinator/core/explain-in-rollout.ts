import type { NodeName } from '../../shared/domain/ids.ts';
import type { Reason } from '../../shared/domain/reason.ts';
import { assignmentBlock, type Owners, ownersOf } from './assignment-block.ts';
import type { AssignmentProgress } from './assignment-progress.ts';
import type { Budget, Scope } from './budget.ts';
import { crowdedOut } from './crowded-out.ts';
import { unprovedCluster } from './datastore-proved.ts';
import { describeDatastoreWork } from './describe-datastore-work.ts';
import { describeDrain } from './describe-drain.ts';
import { isUncordoning, lastAnswer, nextBeforePermit } from './draining.ts';
import type { Cause } from './explain.ts';
import { failingSince, type Overspent, overspentSoon } from './failure-budget.ts';
import { slotCandidates } from './grant-slots.ts';
import type { Slot } from './ledger-event.ts';
import type { QuorumLoss } from './quorum.ts';
import { reportedProgress } from './reported-progress.ts';
import { restoreBeside, restoring, whyRestoreWaits } from './restoring.ts';
import type { NodeEnd } from './rollout-event.ts';
import type { Assigned, RolloutNode, RolloutState } from './rollout.ts';
import { SAFE_RULES } from './rules.ts';
import { statusCause } from './status-cause.ts';
import { isReachable } from './unavailable.ts';
import { frontier, tallyWave, type WaveTally } from './wave-tally.ts';
import type { Now, World } from './world.ts';

const NODES_NAMED_MAX = 5;

/** What explaining needs of a rollout as a whole: made once for all of its nodes. */
export interface Explaining {
  readonly world: World;
  readonly now: Now;
  readonly rollout: RolloutState;
  readonly budget: Budget;
  readonly owners: Owners;
  readonly waveOf: ReadonlyMap<NodeName, number>;
  readonly tallies: readonly WaveTally[];
  /** Why it grants nothing until it is seen how nodes end that are failing. */
  readonly overspent: Overspent | null;
}

export function explaining(world: World, now: Now, rollout: RolloutState, budget: Budget): Explaining {
  const { waves } = rollout.frozen;
  const waveOf = new Map(waves.flatMap(({ nodes }, index) => nodes.map((name) => [name, index] as const)));
  return { world, now, rollout, budget, owners: ownersOf(world.rollouts.values()), waveOf, tallies: waves.map((wave) => tallyWave(rollout, wave)), overspent: overspentSoon(world, rollout) };
}

/** Why a node of a rollout is where it is; empty where it is done. What the host is doing comes before what it waits for. */
export function explainInRollout(here: Explaining, name: NodeName): readonly Cause[] {
  const { rollout } = here;
  const node = rollout.nodes.get(name);
  if (node === undefined) return [];
  switch (node.state) {
    case 'ended':
      return [...(node.end.state === 'done' ? [] : [ofOutcome(endReason(node.end), node.end.outcome, node.atUnixMs)]), ...ofCordon(here, name, node)];
    case 'gone':
      return [{ reason: 'gone', object: name, sinceUnixMs: rollout.startedUnixMs, detail: '' }];
    case 'deferred':
      if (rollout.status.state === 'ended') return ofStatus(here);
      return [{ reason: 'deferred', object: name, sinceUnixMs: node.sinceUnixMs, detail: '' }, ...ofWaiting(here, name, node.sinceUnixMs)];
    case 'waiting':
      return ofTurn(here, name, node) ?? ofWaiting(here, name, node.sinceUnixMs);
    case 'assigned':
      return ofAssigned(here, name, node);
  }
}

function ofAssigned(here: Explaining, name: NodeName, node: Assigned): readonly Cause[] {
  const { world, rollout } = here;
  const view = world.nodes.get(name);
  const progress = view === undefined ? null : reportedProgress(view, rollout.id, node);
  const work = progress === null ? null : ofWork(progress);
  if (work !== null) return [work];
  const waiting: Cause = { reason: 'waiting-for-agent', object: name, sinceUnixMs: node.sinceUnixMs, detail: '' };
  if (node.givenUp !== null) return [ofOutcome('drain-given-up', node.givenUp, node.sinceUnixMs), waiting];
  if (node.recallAsked) return [{ ...waiting, detail: 'it is asked to drop what it has not begun' }, ...ofStatus(here)];
  if (view !== undefined && !isReachable(view)) return [waiting, ...ofStatus(here)];
  if (progress === null) return rollout.status.state === 'running' ? [...ofStatus(here), waiting] : ofStatus(here);
  if (progress.state === 'accepted') return [{ reason: 'staging', object: progress.stepName, sinceUnixMs: progress.sinceUnixMs, detail: '' }];
  const slot = world.ledger.slots.get(name);
  if (slot?.generation === node.generation) return [...ofStatus(here), ofCrowd(here, node, slot) ?? ofDrain(here, name, slot) ?? waiting];
  const unproved = unprovedCluster(world, here.now, rollout, name);
  if (unproved !== null) return [...ofStatus(here), { reason: 'datastore-unproved', object: `cluster ${unproved}`, sinceUnixMs: node.sinceUnixMs, detail: describeDatastoreWork(world, unproved) }];
  return ofTurn(here, name, node) ?? ofRestore(here, name, node) ?? ofBudget(here, name, node);
}

/** Its turn has not come, whatever its agent does: null where it has. */
function ofTurn(here: Explaining, name: NodeName, node: RolloutNode): readonly Cause[] | null {
  const ofRollout = ofStatus(here);
  const causes = ofRollout.length > 0 ? ofRollout : ofWave(here, name, node);
  return causes.length > 0 ? causes : null;
}

function ofWork({ state, stepName, outcome, sinceUnixMs }: AssignmentProgress): Cause | null {
  if (state === 'needs-a-person') return ofOutcome(outcome?.code === 'past-no-return' ? outcome.code : state, outcome, sinceUnixMs);
  if (state === 'active') return { reason: 'activating', object: stepName, sinceUnixMs, detail: '' };
  if (state !== 'reverting') return null;
  const detail = outcome?.code === 'stopped-by-person' ? 'a person on the host has it put back' : 'a step failed; those before it are put back';
  return { reason: 'activating', object: stepName, sinceUnixMs, detail };
}

/** What still keeps a node from its permit that holds its slot; null where it is the agent. */
function ofDrain({ world, rollout }: Explaining, name: NodeName, { generation, takenUnixMs }: Slot): Cause | null {
  if (rollout.status.state !== 'running') return null;
  const next = nextBeforePermit(world, rollout, name, generation);
  if (next === 'wait') return { reason: 'orphan-cordon', object: name, sinceUnixMs: takenUnixMs, detail: '' };
  return next === 'permit' ? null : { ...describeDrain(world, name, generation), sinceUnixMs: takenUnixMs };
}

/** The work is over and the slot is still held: it waits for the cordon to go. */
function ofCordon({ world, rollout }: Explaining, name: NodeName, { generation, atUnixMs }: Extract<RolloutNode, { readonly state: 'ended' }>): readonly Cause[] {
  if (!isUncordoning(world, rollout, name, generation)) return [];
  const last = lastAnswer(world, name, generation);
  if (last?.ok !== false) return [{ reason: 'uncordoning', object: name, sinceUnixMs: atUnixMs, detail: '' }];
  return [{ ...describeDrain(world, name, generation), sinceUnixMs: atUnixMs }];
}

function endReason({ state, outcome }: Exclude<NodeEnd, { readonly state: 'done' }>): EndReason {
  if (state === 'reverted' && outcome.code === 'stopped-by-person') return 'reverted-by-person';
  return outcome.code === 'drain-given-up' ? outcome.code : state;
}

type EndReason = 'reverted' | 'reverted-by-person' | 'refused' | 'drain-given-up';

function ofOutcome(
  reason: EndReason | 'needs-a-person' | 'past-no-return',
  outcome: { readonly code: string; readonly message: string; readonly object: string } | null,
  sinceUnixMs: number,
): Cause {
  return { reason, object: outcome?.object ?? '', sinceUnixMs, detail: outcome === null ? '' : `${outcome.code === reason ? '' : outcome.code} ${outcome.message}`.trim() };
}

function ofStatus(here: Explaining): readonly Cause[] {
  const { rollout } = here;
  const cause = statusCause(rollout);
  if (cause === null) return ofFailing(here);
  const object = rollout.status.state === 'rolling-back' ? (rollout.status.rollback ?? rollout.id) : rollout.id;
  return [{ ...cause, object, sinceUnixMs: cause.sinceUnixMs ?? rollout.startedUnixMs }];
}

function ofFailing({ world, rollout, overspent }: Explaining): readonly Cause[] {
  if (overspent === null) return [];
  const { failed, limit, inCanary } = overspent;
  const sinceUnixMs = Math.max(...failed.map((name) => failingSince(world, rollout, name) ?? 0));
  return [{ reason: 'failure-under-way', object: rollout.id, sinceUnixMs, detail: `${namesOf(failed)}; ${inCanary ? 'none may in the canary wave' : `maxFailures is ${limit}`}` }];
}

function ofWave(here: Explaining, name: NodeName, node: RolloutNode): readonly Cause[] {
  const { rollout, waveOf, tallies } = here;
  const { waves } = rollout.frozen;
  const index = waveOf.get(name) ?? 0;
  if (index === 0 || rollout.waves.get(waves[index]?.name ?? '')?.state !== 'closed') return [];
  const unfinished = tallies.findIndex((tally, at) => at < index && tally.unfinished.length > 0);
  const soaks = unfinished === -1 ? soakCause(here) : null;
  if (soaks !== null) return [soaks];
  const earlier = waves[unfinished === -1 ? index - 1 : unfinished]?.name ?? '';
  const detail = unfinished === -1 ? `wave ${earlier} is judged` : `wave ${earlier} waits for ${namesOf(tallies[unfinished]?.unfinished ?? [])}`;
  return [{ reason: 'wave-not-open', object: earlier, sinceUnixMs: 'sinceUnixMs' in node ? node.sinceUnixMs : rollout.startedUnixMs, detail }];
}

/** The wave at hand is complete and the next one opens at a known time; null otherwise. */
export function soakCause({ rollout, now }: Explaining): Cause | null {
  const wave = frontier(rollout);
  const state = wave === null ? undefined : rollout.waves.get(wave.name);
  if (wave === null || state?.state !== 'complete' || rollout.frozen.waves.at(-1) === wave) return null;
  const endUnixMs = state.atUnixMs + wave.soakMs;
  if (endUnixMs <= now.wallUnixMs) return null;
  const until = new Date(endUnixMs).toISOString().slice(0, 'YYYY-MM-DDThh:mm:ss'.length).replace('T', ' ');
  return { reason: 'soaking', object: wave.name, sinceUnixMs: state.atUnixMs, detail: `wave ${wave.name} until ${until} UTC` };
}

function ofWaiting({ world, rollout, owners, budget }: Explaining, name: NodeName, sinceUnixMs: number): readonly Cause[] {
  const view = world.nodes.get(name);
  if (view === undefined || rollout.status.state !== 'running') return [];
  const reason = assignmentBlock(world, view, rollout.id, owners);
  if (reason === 'busy-elsewhere') return [{ reason, object: owners.get(name) ?? name, sinceUnixMs, detail: '' }];
  // What is wrong with the node itself is said once, not in each rollout.
  if (reason === 'clock-off' || budget.reason(name) !== null) return [];
  return [{ reason: reason === null || reason === 'session-lost' ? 'waiting-for-agent' : reason, object: name, sinceUnixMs, detail: '' }];
}

/** A restore waits for all of its hosts, and everybody else for it; null where none is about. */
function ofRestore({ world, now, rollout }: Explaining, name: NodeName, { sinceUnixMs }: Assigned): readonly Cause[] | null {
  const beside = restoreBeside(world, restoring(world.rollouts.values()), name, rollout.id);
  if (beside !== null) return [{ reason: 'datastore-restored', object: beside, sinceUnixMs, detail: '' }];
  if (rollout.frozen.restore === undefined) return null;
  const staged = new Set(slotCandidates(world, now, rollout, SAFE_RULES).map(({ slot }) => slot.node));
  const waits = whyRestoreWaits(world, rollout, staged, world.ledger.slots, SAFE_RULES);
  if (waits === null) return [{ reason: 'waiting-for-agent', object: name, sinceUnixMs, detail: '' }];
  return [{ reason: 'restore-waits', object: rollout.id, sinceUnixMs, detail: `${namesOf(waits.nodes)} ${waits.kind === 'others' ? 'hold(s) a slot of another rollout' : 'is or are not staged yet'}` }];
}

function ofBudget({ budget, rollout }: Explaining, name: NodeName, node: Assigned): readonly Cause[] {
  const scope = budget.blockedBy(name, rollout.frozen.plan.allowControlPlaneOutage);
  return [scope === null ? { reason: 'waiting-for-agent', object: name, sinceUnixMs: node.sinceUnixMs, detail: '' } : ofScope(budget, scope, node.sinceUnixMs)];
}

/** It has its slot, and others came to light since that use the limit up; null where it goes on. */
function ofCrowd({ world, now, budget, rollout }: Explaining, { permitIssued }: Assigned, slot: Slot): Cause | null {
  const next = nextBeforePermit(world, rollout, slot.node, slot.generation);
  const scope = permitIssued || next === 'drain' || next === 'wait' ? null : crowdedOut(world, now, budget, slot);
  return scope === null ? null : ofScope(budget, scope, slot.takenUnixMs);
}

function ofScope(budget: Budget, scope: Scope, sinceUnixMs: number): Cause {
  const object = `${scope.kind} ${scope.name}`;
  if (scope.quorum !== undefined) return ofQuorum(scope.quorum, object, sinceUnixMs);
  const blockers = [...scope.unavailable].toSorted();
  // Right after a start the limits are full of nodes that have yet to report.
  const settling = blockers.some((blocker) => budget.reason(blocker) === 'not-reported');
  const who = namesOf(blockers.map((blocker) => `${blocker} ${budget.reason(blocker) ?? ''}`.trim()));
  const detail = `${scope.unavailable.size} of ${scope.limit} in ${scope.kind} ${scope.name} (${who})`;
  return { reason: settling ? 'fleet-settling' : 'budget-spent', object, sinceUnixMs, detail };
}

const QUORUM_REASONS = { 'cannot-lose-one': 'control-plane-outage', 'member-lost': 'member-lost', 'at-risk': 'quorum-at-risk' } as const satisfies Record<QuorumLoss['kind'], Reason>;

function ofQuorum({ kind, members }: QuorumLoss, object: string, sinceUnixMs: number): Cause {
  return { reason: QUORUM_REASONS[kind], object, sinceUnixMs, detail: members.length === 0 ? '' : `${namesOf(members)} ${kind === 'member-lost' ? 'answers nobody' : 'cannot be counted on'}` };
}

function namesOf(names: readonly string[]): string {
  return [...names.slice(0, NODES_NAMED_MAX), ...(names.length > NODES_NAMED_MAX ? [`${names.length - NODES_NAMED_MAX} more`] : [])].join(', ');
}
