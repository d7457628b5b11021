import type { Clock } from '../../shared/ports/clock.ts';
import type { FleetHandlers, Rollout } from '../../shared/wire/messages.ts';
import { goesOn, hopAtHand } from '../core/chain.ts';
import type { RolloutEventBody } from '../core/rollout-event.ts';
import type { RolloutState } from '../core/rollout.ts';
import { showRollout } from '../core/show-rollout.ts';
import type { Controller } from '../runtime/controller.ts';
import type { FleetLog } from '../runtime/fleet-log.ts';
import { type FleetState, nowOf } from '../runtime/fleet-state.ts';
import { notFound } from './api-error.ts';
import { steer } from './steer-rollout.ts';
import { type Gate, unary } from './unary.ts';
import { watchRollout } from './watch-rollout.ts';

export interface RolloutParts {
  readonly state: FleetState;
  readonly log: FleetLog;
  readonly controller: Controller;
  readonly clock: Clock;
}

export function rolloutHandlers(
  gate: Gate,
  parts: RolloutParts,
): Pick<FleetHandlers, 'ListRollouts' | 'GetRollout' | 'WatchRollout' | 'SteerRollout'> {
  const { state, log, controller } = parts;
  return {
    ListRollouts: unary(gate, { role: 'viewer', action: null }, async () => ({
      rollouts: [...state.rollouts.values()].toSorted((a, b) => a.startedUnixMs - b.startedUnixMs).map((rollout) => view(parts, rollout)),
    })),

    GetRollout: unary(gate, { role: 'viewer', action: null }, async ({ rollout }) => ({ rollout: view(parts, find(state, rollout)) })),

    WatchRollout: (call) =>
      void watchRollout(gate, parts, call, (id) => {
        const rollout = hopAtHand(state.rollouts, find(state, id));
        return { shown: view(parts, rollout), over: rollout.status.state === 'ended' && !goesOn(rollout) };
      }),

    SteerRollout: unary(
      gate,
      { role: 'operator', action: 'rollout steer', object: ({ rollout, steering }) => `${steering.slice('STEERING_'.length).toLowerCase()} ${rollout}`, detail: ({ why }) => why },
      async ({ rollout, steering, why }, who) => {
        await controller.command(async () => {
          const atHand = hopAtHand(state.rollouts, find(state, rollout));
          const event: RolloutEventBody | null = steer(state, atHand, steering, who.name, why);
          if (event !== null) await log.rolloutNow(atHand.id, event);
        });
        const steered = hopAtHand(state.rollouts, find(state, rollout));
        const rollback = steered.status.state === 'rolling-back' ? (steered.status.rollback ?? '') : '';
        return { rollout: view(parts, steered), rollback };
      },
    ),
  };
}

function find(state: FleetState, id: string): RolloutState {
  const rollout = state.rollouts.get(id);
  if (rollout === undefined) throw notFound('rollout', id, 'farrier rollout ls');
  return rollout;
}

function view({ state, clock }: RolloutParts, rollout: RolloutState): Rollout {
  const shown = showRollout(state, nowOf(clock), rollout);
  return { ...shown, nodes: [...shown.nodes] };
}
