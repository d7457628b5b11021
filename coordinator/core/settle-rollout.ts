import { askRecalls } from './ask-recalls.ts';
import { giveUpDrains } from './give-up-drains.ts';
import { hold } from './hold.ts';
import type { RolloutEvent, RolloutEventBody } from './rollout-event.ts';
import { foldRollout, isLiving, type RolloutState } from './rollout.ts';
import { settleEnd } from './settle-end.ts';
import { settleFailures } from './settle-failures.ts';
import { settleNodes } from './settle-nodes.ts';
import { settleRollback } from './settle-rollback.ts';
import { settleWaves } from './settle-waves.ts';
import type { Now, World } from './world.ts';

/** A rollout brought up to date: the events to append and the state after them. */
export interface Settled {
  readonly rollout: RolloutState;
  readonly events: readonly RolloutEvent[];
  /** Its decision threw: nothing more is decided for it in this tick. */
  readonly broken: boolean;
}

type Stage = (world: World, now: Now, rollout: RolloutState) => readonly RolloutEventBody[];

/** Each stage sees what the ones before it recorded: a failure that was just reported stops the wave it would have opened. */
const STAGES: readonly Stage[] = [settleNodes, giveUpDrains, settleFailures, settleWaves, askRecalls, settleRollback, settleEnd];

export function settleRollout(world: World, now: Now, before: RolloutState): Settled {
  try {
    let rollout = before;
    const events: RolloutEvent[] = [];
    for (const stage of STAGES) {
      if (!isLiving(rollout)) break;
      const stamped = stage(world, now, rollout).map((body): RolloutEvent => ({ ...body, wallUnixMs: now.wallUnixMs }));
      rollout = foldRollout(rollout.id, rollout, rollout.sequence + 1, stamped);
      events.push(...stamped);
    }
    return { rollout, events, broken: false };
  } catch (error) {
    return hold(before, now, error);
  }
}
