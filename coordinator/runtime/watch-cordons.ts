import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import { isStoreFull } from '../ports/store-error.ts';
import type { DrainCalls } from './drain-calls.ts';
import type { FleetState } from './fleet-state.ts';

const LOOK_EVERY_MS = 5_000;
const LOOK_MAX_MS = 30_000;

/**
 * Keeps in the state which nodes bear a cordon of this fleet, until aborted (I9).
 *
 * @param raiseEpoch called where a cordon is of a later epoch than this leader's: another one leads, or the store is older than
 *   the cluster.
 */
export async function watchCordons(
  calls: DrainCalls,
  parts: { readonly state: FleetState; readonly clock: Clock; readonly logger: Logger; readonly raiseEpoch: (above: number) => Promise<void> },
  signal: AbortSignal,
): Promise<void> {
  const { state, clock, logger, raiseEpoch } = parts;
  let answered = true;
  while (!signal.aborted) {
    try {
      const trouble = await calls.look(AbortSignal.any([signal, AbortSignal.timeout(LOOK_MAX_MS)]));
      if (trouble !== null && trouble.code !== 'no-drain' && answered) logger.warn('nobody can say which nodes are cordoned', { code: trouble.code, why: trouble.message });
      answered = trouble === null;
    } catch (error) {
      if (answered && !signal.aborted) logger.warn('nobody can say which nodes are cordoned', { error });
      answered = false;
    }
    const newest = newestEpoch(state);
    if (newest > state.epoch) await raiseEpoch(newest).catch(unlessFull);
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}

/** Without room in the store nobody can lead under a later epoch: it is tried again. */
function unlessFull(error: unknown): void {
  if (!isStoreFull(error)) throw error;
}

/** Of the cordons that stand in the clusters; 0 where there are none. */
export function newestEpoch({ cordons }: FleetState): number {
  return [...(cordons?.values() ?? [])].reduce((newest, { epoch }) => Math.max(newest, epoch), 0);
}
