import { FARRIER, type RolloutEvent } from './rollout-event.ts';
import { foldRollout, type RolloutState } from './rollout.ts';
import type { Settled } from './settle-rollout.ts';
import type { Now } from './world.ts';

/** Holds a rollout whose decision threw. One that grants nothing any more stays as it is. */
export function hold(rollout: RolloutState, now: Now, error: unknown): Settled {
  if (rollout.status.state !== 'running') return { rollout, events: [], broken: true };
  const detail = error instanceof Error ? error.message : String(error);
  const paused: RolloutEvent = { type: 'paused', by: FARRIER, reason: 'internal-error', detail, wallUnixMs: now.wallUnixMs };
  return { rollout: foldRollout(rollout.id, rollout, rollout.sequence + 1, [paused]), events: [paused], broken: true };
}
