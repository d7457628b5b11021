import type { Clock } from '../../shared/ports/clock.ts';
import type { FleetLog } from './fleet-log.ts';
import type { FleetState } from './fleet-state.ts';

/** Makes this process the leader with an epoch above `above` and above every one in the ledger. Nothing is granted before it. */
export async function raiseEpoch(state: FleetState, log: FleetLog, holder: string, clock: Clock, above: number): Promise<void> {
  const epoch = Math.max(above, state.ledger.epoch) + 1;
  await log.ledger([{ type: 'leader', epoch, holder, wallUnixMs: clock.wallUnixMs() }]);
  state.epoch = epoch;
}
