import type { NodeName, RolloutId } from '../../shared/domain/ids.ts';
import { allocateGeneration } from './allocate-generation.ts';
import { assignmentBlock, isClockOff } from './assignment-block.ts';
import type { Budget } from './budget.ts';
import { crowdedOut } from './crowded-out.ts';
import type { Decision } from './decision.ts';
import { nextBeforePermit } from './draining.ts';
import { assignedNodes, standingOf } from './standing.ts';
import { reportedProgress } from './reported-progress.ts';
import type { Assigned, RolloutState } from './rollout.ts';
import type { Rules } from './rules.ts';
import { hasDone } from './settle-end.ts';
import { isReachable } from './unavailable.ts';
import type { NodeView, Now, World } from './world.ts';

/** Each assignment is a signature and an append; more in one tick would let everything else wait. */
const ASSIGNMENTS_PER_TICK_MAX = 500;

/** What the commands of one tick are decided by. */
export interface Moment {
  readonly world: World;
  readonly now: Now;
  /** As the slots stand that are taken. */
  readonly budget: Budget;
  readonly rules: Rules;
  /** Gains the nodes that are assigned, so that a later rollout in this tick leaves them alone. */
  readonly owners: Map<NodeName, RolloutId>;
}

/** What agents are to be told, repeated until their reports make it pointless. */
export function commandNodes(moment: Moment, rollout: RolloutState): readonly Decision[] {
  const { world, owners } = moment;
  const isRunning = rollout.status.state === 'running';
  return [
    ...(isRunning ? assignments(world, rollout, owners) : []),
    ...[...assignedNodes(rollout)].flatMap(([name, node]) => command(moment, rollout, name, node)),
    ...(isReadyToRollBack(world, rollout) ? [{ kind: 'start-rollback', rollout: rollout.id } as const] : []),
  ];
}

/** Staging disrupts nothing: every node of an open wave that can take its assignment gets it at once. */
function assignments(world: World, rollout: RolloutState, owners: Map<NodeName, RolloutId>): readonly Decision[] {
  const decisions: Decision[] = [];
  for (const wave of rollout.frozen.waves) {
    if (rollout.waves.get(wave.name)?.state === 'closed') break;
    for (const name of wave.nodes) {
      if (decisions.length >= ASSIGNMENTS_PER_TICK_MAX) return decisions;
      const node = rollout.nodes.get(name);
      const view = world.nodes.get(name);
      if (view === undefined || (node?.state !== 'waiting' && node?.state !== 'deferred')) continue;
      if (assignmentBlock(world, view, rollout.id, owners) !== null) continue;
      owners.set(name, rollout.id);
      decisions.push({ kind: 'assign', rollout: rollout.id, node: name, generation: allocateGeneration(world, name) });
    }
  }
  return decisions;
}

function command({ world, now, budget, rules }: Moment, rollout: RolloutState, name: NodeName, node: Assigned): readonly Decision[] {
  const view = world.nodes.get(name);
  if (view === undefined || !isReachable(view)) return [];
  const { generation } = node;
  const about = { rollout: rollout.id, node: name, generation };
  const standing = standingOf(world, rollout, name, node);
  if (standing.kind === 'under-way' || standing.kind === 'over') return [];
  if (node.recallAsked) return [{ kind: 'recall', ...about }];
  if (rollout.status.state !== 'running') return [];
  const progress = reportedProgress(view, rollout.id, node);
  if (progress === null) return node.envelope === null || isClockOff(world, view) ? [] : [{ kind: 'send-assignment', ...about }];
  const slot = world.ledger.slots.get(name);
  if (slot?.generation !== generation || slot.rollout !== rollout.id || (progress.state !== 'staged' && progress.state !== 'permitted')) return [];
  const next = nextBeforePermit(world, rollout, name, generation);
  const isFirst = !node.permitIssued && progress.state === 'staged' && next !== 'drain';
  const isBound = rollout.frozen.restore === undefined;
  if (next === 'wait' || (isBound && isFirst && crowdedOut(world, now, budget, slot) !== null)) return [];
  if (next === 'cordon' || (next === 'drain' && rules.permitsWaitForDrains)) return [{ kind: next, ...about }];
  const requestId = answerable(view, rollout, node);
  return requestId === null ? [{ kind: 'offer-permit', ...about }] : [{ kind: 'permit', ...about, requestId }];
}

/** Each request is answered once: an answer that was lost is asked for again, under another id. */
function answerable({ permitRequest: request, session }: NodeView, rollout: RolloutState, node: Assigned): string | null {
  if (request === null || session.state !== 'connected' || request.requestId === node.permitRequestId) return null;
  const isOurs = request.rollout === rollout.id && request.generation === node.generation && request.digest === node.digest;
  return isOurs && request.bootId === session.hello.bootId ? request.requestId : null;
}

/** What is begun ends first, so that it is brought back too; a host that waits for a person does not hold up the others. */
function isReadyToRollBack(world: World, rollout: RolloutState): boolean {
  if (rollout.status.state !== 'rolling-back' || rollout.status.rollback !== null || !hasDone(rollout)) return false;
  for (const [name, node] of assignedNodes(rollout)) {
    const standing = standingOf(world, rollout, name, node);
    const isSettled = (standing.kind === 'loose' && !standing.recallable) || (standing.kind === 'under-way' && standing.stuck);
    if (!isSettled) return false;
  }
  return true;
}
