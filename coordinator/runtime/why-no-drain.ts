import type { FleetName } from '../../shared/domain/ids.ts';
import type { Drain } from '../ports/drain.ts';

/** Somebody waits for the answer. */
const LOOK_MAX_MS = 10_000;

/** Why no node can be drained now, as far as a look at the cordons shows it; null where it can. */
export async function whyNoDrain(drain: Drain, fleet: FleetName): Promise<string | null> {
  try {
    const seen = await drain.cordoned(fleet, AbortSignal.timeout(LOOK_MAX_MS));
    return seen.ok ? null : seen.message;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
