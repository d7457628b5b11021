import type { Decision } from '../../coordinator/core/decision.ts';
import type { World } from '../../coordinator/core/world.ts';

/** What the decisions of one tick break of I9, and how often they were about it. */
export interface CordonAudit {
  readonly breaches: readonly string[];
  /** Permits, or offers of one, to nodes that had to be drained. */
  readonly begins: number;
  /** Slots that wait for their cordon to go. */
  readonly kept: number;
  /** Cordons that nobody owned. */
  readonly strays: number;
}

const MAY_RUN = ['permitted', 'active', 'reverting', 'needs-a-person'];

/** By the words of DESIGN 3 and 4a: cordon and drain before the permit, the cordon lifted before the slot is returned. */
export function auditCordons(world: World, decisions: readonly Decision[]): CordonAudit {
  const permits = decisions.flatMap((decision) => (decision.kind === 'offer-permit' || decision.kind === 'permit' ? [decision] : []));
  const begins = permits.filter(({ rollout, node }) => isToBeDrained(world, rollout, node));
  const restores = decisions.flatMap((decision) => (decision.kind === 'restore' ? [decision] : []));
  const returned = decisions.flatMap((decision) => (decision.kind === 'ledger' ? decision.events : [])).flatMap((event) => (event.type === 'slot-returned' ? [event.node] : []));
  return {
    breaches: [
      ...begins.flatMap(({ rollout, node, generation }) => (isEmpty(world, rollout, node, generation) ? [] : [`I9 ${node} may begin before it is drained`])),
      ...returned.flatMap((node) => (isGivenBack(world, node) ? [] : [`I9 the slot of ${node} is returned before its cordon is gone`])),
      ...restores.flatMap(({ node, rollout }) => (isNeeded(world, rollout, node) ? [`I9 ${node} is uncordoned though something may be under way`] : [])),
    ],
    begins: begins.length,
    kept: restores.filter(({ generation }) => generation > 0).length,
    strays: restores.filter(({ node }) => !world.ledger.slots.has(node)).length,
  };
}

function isToBeDrained(world: World, rollout: string, node: string): boolean {
  return world.rollouts.get(rollout)?.frozen.drained.includes(node) === true;
}

function isEmpty(world: World, rollout: string, node: string, generation: number): boolean {
  const [cordon, drain] = [world.cordons?.get(node), world.nodes.get(node)?.drain];
  return cordon?.rollout === rollout && cordon.epoch === world.epoch && drain?.generation === generation && drain.last?.ok === true && drain.last.state === 'drained';
}

function isGivenBack(world: World, node: string): boolean {
  const slot = world.ledger.slots.get(node);
  if (slot === undefined || world.cordons?.has(node) === true) return false;
  if (world.rollouts.has(slot.rollout) && !isToBeDrained(world, slot.rollout, node)) return true;
  const drain = world.nodes.get(node)?.drain;
  if (drain?.generation !== slot.generation || drain.last === null) return false;
  return drain.last.ok ? drain.last.state === 'restored' : drain.last.code === 'no-drain';
}

function isNeeded(world: World, rollout: string, node: string): boolean {
  const [view, slot] = [world.nodes.get(node), world.ledger.slots.get(node)];
  if (view === undefined) return false;
  const assignments = [...view.journal.assignments.values()];
  const isDraining = slot?.rollout === rollout && view.journal.assignments.get(slot.generation)?.state === 'staged';
  const isKnown = slot !== undefined || (view.session.state === 'connected' && view.session.reported);
  return isDraining || !isKnown || assignments.some(({ state }) => MAY_RUN.includes(state));
}
