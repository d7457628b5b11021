import type { FrozenWave } from '../../shared/domain/plan.ts';
import { holdsDrainedNode } from './draining.ts';
import type { RolloutEventBody } from './rollout-event.ts';
import type { RolloutState, WaveState } from './rollout.ts';
import { judgeWave } from './wave-tally.ts';
import type { Now, World } from './world.ts';

/** I3: opens each wave when the one before it is complete and has soaked. Wall time, since a soak outlives coordinators. */
export function settleWaves(world: World, now: Now, rollout: RolloutState): readonly RolloutEventBody[] {
  if (rollout.status.state !== 'running') return [];
  const events: RolloutEventBody[] = [];
  let before: { readonly wave: FrozenWave; readonly state: WaveState } | null = null;
  for (const wave of rollout.frozen.waves) {
    let state = rollout.waves.get(wave.name) ?? { state: 'closed' };
    if (state.state === 'closed') {
      if (before !== null && !mayFollow(now, rollout, before.wave, before.state)) break;
      events.push({ type: 'wave-opened', wave: wave.name });
      state = { state: 'open', sinceUnixMs: now.wallUnixMs };
    }
    if (state.state === 'open' && judgeWave(rollout, wave) === 'complete' && !holdsDrainedNode(world, rollout, wave.name)) {
      events.push({ type: 'wave-completed', wave: wave.name });
      state = { state: 'complete', atUnixMs: now.wallUnixMs };
    }
    before = { wave, state };
  }
  return events;
}

/** A wave that was complete may have got worse while it soaked: a deferred node came back and failed. */
function mayFollow(now: Now, rollout: RolloutState, wave: FrozenWave, state: WaveState): boolean {
  if (state.state !== 'complete' || now.wallUnixMs - state.atUnixMs < wave.soakMs) return false;
  return judgeWave(rollout, wave) !== 'failed';
}
