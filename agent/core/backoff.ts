const FIRST_MS = 1_000;
const MOST_MS = 60_000;

/**
 * How long to wait before dialling again: full jitter over an exponential, so that a fleet that lost its coordinator
 * at one instant does not come back at one instant.
 * @param failures in a row, from 1. @param unit uniform in [0, 1).
 */
export function backoffMs(failures: number, unit: number): number {
  const ceilingMs = Math.min(MOST_MS, FIRST_MS * 2 ** (failures - 1));
  return Math.round(100 + unit * ceilingMs);
}
