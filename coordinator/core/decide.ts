import { MUTATION } from '../../shared/ports/mutation.ts';
import { ownersOf } from './assignment-block.ts';
import { Budget } from './budget.ts';
import { commandNodes, type Moment } from './command-nodes.ts';
import { startHops } from './chain.ts';
import type { Decision } from './decision.ts';
import { grantSlots, type SlotCandidate, slotCandidates } from './grant-slots.ts';
import { hold } from './hold.ts';
import type { LedgerEvent } from './ledger-event.ts';
import { recallLeftovers } from './recall-leftovers.ts';
import { grantRestores, restoreBeside, restoring } from './restoring.ts';
import { restoreCordons } from './restore-cordons.ts';
import type { RolloutState } from './rollout.ts';
import { type Rules, rulesUnder } from './rules.ts';
import { settleRollout, type Settled } from './settle-rollout.ts';
import { settleSlots } from './settle-slots.ts';
import type { Now, World } from './world.ts';

/**
 * What is to be done now: the one place where Farrier decides. Pure; the same world and instant give the same decisions.
 *
 * Decisions are to be carried out in order, each append by compare-and-swap against the sequences of this world; the
 * first append that fails ends the tick, since all that comes after it was decided for a world that is no more.
 */
export function decide(world: World, now: Now, rules: Rules = rulesUnder(MUTATION)): readonly Decision[] {
  const settled = inOrder(world).map((rollout) => settleRollout(world, now, rollout));
  const slots = settleSlots(world, now, rules);
  const owners = ownersOf(settled.map(({ rollout }) => rollout));

  const budget = new Budget(world, now, slots.slots, settled.map(({ rollout }) => rollout), rules);

  const worked = settled.map((one) => work({ world, now, budget, rules, owners }, one));
  const rollouts = worked.map(({ rollout }) => rollout);
  const candidates = worked.flatMap((one) => one.candidates);
  const restored = grantRestores(world, rollouts, candidates, slots.slots, budget, rules);
  const granted = [...restored, ...grantSlots(besideRestores(world, rollouts, candidates, rules), budget)];
  const ledger: readonly LedgerEvent[] = granted.length === 0 ? slots.events : [...slots.events, { type: 'slots-taken', epoch: world.epoch, slots: granted }];

  return [
    ...worked.flatMap(({ rollout, events }): Decision[] => (events.length === 0 ? [] : [{ kind: 'rollout', rollout: rollout.id, events }])),
    ...(ledger.length === 0 ? [] : [{ kind: 'ledger', events: ledger } as const]),
    ...worked.flatMap(({ commands }) => commands),
    ...startHops(rollouts),
    ...restoreCordons(world, slots.slots),
    ...recallLeftovers(world, new Map(rollouts.map((rollout) => [rollout.id, rollout] as const))),
  ];
}

/** While a datastore is restored nobody else takes a node of its cluster down. */
function besideRestores(world: World, rollouts: readonly RolloutState[], candidates: readonly SlotCandidate[], rules: Rules): readonly SlotCandidate[] {
  const restores = restoring(rollouts);
  const isRestore = new Set(restores.values());
  return candidates.filter(({ slot }) => !isRestore.has(slot.rollout) && (!rules.restoresHoldOthers || restoreBeside(world, restores, slot.node, slot.rollout) === null));
}

/** Who was started first is served first. */
function inOrder(world: World): readonly RolloutState[] {
  return [...world.rollouts.values()].toSorted((a, b) => a.startedUnixMs - b.startedUnixMs || (a.id < b.id ? -1 : 1));
}

interface Worked extends Settled {
  readonly commands: readonly Decision[];
  readonly candidates: readonly SlotCandidate[];
}

/** Isolation: a rollout whose decision throws is held with what it has recorded; the others go on. */
function work(moment: Moment, settled: Settled): Worked {
  const { world, now, rules } = moment;
  if (settled.broken) return { ...settled, commands: [], candidates: [] };
  try {
    return { ...settled, candidates: slotCandidates(world, now, settled.rollout, rules), commands: commandNodes(moment, settled.rollout) };
  } catch (error) {
    const held = hold(settled.rollout, now, error);
    return { ...held, events: [...settled.events, ...held.events], commands: [], candidates: [] };
  }
}
