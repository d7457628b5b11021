import type { Decision } from '../../coordinator/core/decision.ts';
import { evolveLedger } from '../../coordinator/core/ledger.ts';
import type { RolloutEventBody } from '../../coordinator/core/rollout-event.ts';
import { foldRollout } from '../../coordinator/core/rollout.ts';
import type { Now, World } from '../../coordinator/core/world.ts';
import { aFrozen } from './world-builder.ts';

/** The world after what was decided was appended; agents hear nothing of it. @throws where an event is illegal. */
export function applyDecisions(world: World, now: Now, decisions: readonly Decision[]): { readonly world: World; readonly appended: boolean } {
  const rollouts = new Map(world.rollouts);
  let { ledger } = world;
  let appended = false;
  const append = (id: string, ...bodies: readonly RolloutEventBody[]): void => {
    const before = rollouts.get(id) ?? null;
    rollouts.set(id, foldRollout(id, before, (before?.sequence ?? 0) + 1, bodies.map((body) => ({ ...body, wallUnixMs: now.wallUnixMs }))));
    appended = true;
  };
  for (const decision of decisions) {
    switch (decision.kind) {
      case 'ledger':
        for (const event of decision.events) ledger = evolveLedger(ledger, ledger.sequence + 1, event);
        appended = true;
        break;
      case 'rollout':
        append(decision.rollout, ...decision.events);
        break;
      case 'assign': {
        const { node, generation } = decision;
        const { digest } = rollouts.get(decision.rollout)!.frozen.targets[node]!;
        append(decision.rollout, { type: 'assigned', node, generation, epoch: world.epoch, digest, envelope: 'e' });
        break;
      }
      case 'permit':
        append(decision.rollout, { type: 'permit-issued', node: decision.node, generation: decision.generation, requestId: decision.requestId });
        break;
      case 'start-rollback': {
        const back = `${decision.rollout}-back`;
        const nodes = [...rollouts.get(decision.rollout)!.nodes].flatMap(([name, node]) => (node.state === 'ended' && node.end.state === 'done' ? [name] : []));
        append(back, { type: 'started', frozen: { ...aFrozen(back, [nodes]), rollbackOf: decision.rollout }, by: 'farrier' });
        append(decision.rollout, { type: 'rollback-started', rollback: back });
        break;
      }
      case 'start-hop': {
        const next = rollouts.get(decision.rollout)!.frozen.chain!.next!;
        append(decision.hop, { type: 'started', frozen: next, by: 'ann' });
        break;
      }
      case 'send-assignment':
      case 'offer-permit':
      case 'recall':
      case 'cordon':
      case 'drain':
      case 'restore':
        break;
    }
  }
  return { world: { ...world, ledger, rollouts }, appended };
}
