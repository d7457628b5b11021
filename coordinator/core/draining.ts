import type { Generation, NodeName } from '../../shared/domain/ids.ts';
import type { DrainResult } from '../ports/drain.ts';
import type { Slot } from './ledger-event.ts';
import type { RolloutState } from './rollout.ts';
import type { World } from './world.ts';

/** Stands for a slot's generation where a cordon belongs to none. */
export const NOBODYS = 0;

/** What one leader did about one node's cordon for one slot. Memory only: the next leader asks for everything again. */
export interface DrainView {
  /** Of the slot; NOBODYS for a cordon that no slot owned. */
  readonly generation: Generation;
  /** When it was first asked for. */
  readonly sinceMonotonicMs: number;
  /** What came of the last call that ended; null while none did. */
  readonly last: DrainAnswer | null;
}

export type DrainAnswer = { readonly ok: true; readonly state: 'cordoned' | 'restored' } | DrainResult;

/** What comes next for a node that holds its slot. `wait`: somebody's cordon stands there that has to go first. */
export function nextBeforePermit(world: World, rollout: RolloutState, node: NodeName, generation: Generation): 'cordon' | 'drain' | 'wait' | 'permit' {
  if (!isDrainedFirst(rollout, node)) return 'permit';
  const cordon = world.cordons?.get(node);
  if (cordon !== undefined && cordon.rollout !== rollout.id) return 'wait';
  // One of an older leader is taken over: from then on that one changes nothing there any more.
  if (cordon?.epoch !== world.epoch) return 'cordon';
  const last = lastAnswer(world, node, generation);
  return last?.ok === true && last.state === 'drained' ? 'permit' : 'drain';
}

/**
 * No cordon is there for the slot. What is seen may be older than what was asked for, so that where there may have been one
 * it takes a call that found, or made, it gone. Of a rollout that the store lost nobody knows whether it drained its nodes.
 */
export function isRestored(world: World, { node, rollout: id, generation }: Slot): boolean {
  if (world.cordons?.has(node) === true) return false;
  const rollout = world.rollouts.get(id);
  if (rollout !== undefined && !isDrainedFirst(rollout, node)) return true;
  const last = lastAnswer(world, node, generation);
  if (last === null) return false;
  return last.ok ? last.state === 'restored' : last.code === 'no-drain';
}

/** The work of that generation has ended, and its slot waits for the cordon to go. */
export function isUncordoning({ ledger }: World, rollout: RolloutState, node: NodeName, generation: Generation): boolean {
  const slot = ledger.slots.get(node);
  return slot?.generation === generation && slot.rollout === rollout.id && isDrainedFirst(rollout, node);
}

/** Some node of the rollout is not yet back in its cluster's scheduling. */
export function holdsDrainedNode({ ledger }: World, rollout: RolloutState, wave: string | null = null): boolean {
  return [...ledger.slots.values()].some((slot) => slot.rollout === rollout.id && (wave === null || slot.wave === wave) && isDrainedFirst(rollout, slot.node));
}

function isDrainedFirst({ frozen }: RolloutState, node: NodeName): boolean {
  return frozen.drained.includes(node);
}

/** Of the calls of this leader for this slot. */
export function lastAnswer(world: Pick<World, 'nodes'>, node: NodeName, generation: Generation): DrainAnswer | null {
  const drain = world.nodes.get(node)?.drain;
  return drain?.generation === generation ? drain.last : null;
}
