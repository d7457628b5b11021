import { Cron } from 'croner';

import { type Failure, failure } from '../trust/failure.ts';

/** When snapshots are taken. */
export interface SnapshotSchedule {
  /** Five fields of cron: `30 1,13 * * *` is half past one, twice a day. */
  readonly cron: string;
  /** An IANA name: the fields are read there, also where its clocks change. */
  readonly timeZone: string;
  /** Clusters begin spread over so long after each of these times, each always at the same part of it. */
  readonly jitterMs: number;
}

/** Every mistake of a person is told here; what passes can be asked for its next time. */
export function checkSchedule({ cron, timeZone, jitterMs }: SnapshotSchedule): { readonly ok: true } | Failure<'not-cron' | 'unknown-zone' | 'never' | 'bad-jitter'> {
  if (!isTimeZone(timeZone)) return failure('unknown-zone', `${JSON.stringify(timeZone)} is no time zone: give an IANA name, such as Europe/Berlin or UTC`);
  if (!Number.isSafeInteger(jitterMs) || jitterMs < 0) return failure('bad-jitter', `a jitter of ${jitterMs} ms is none: give a whole number from 0`);
  if (cron.trim().split(/\s+/).length !== 5) return failure('not-cron', `${JSON.stringify(cron)} has not the five fields minute, hour, day, month, weekday`);
  try {
    return new Cron(cron, { ...zoneOf(timeZone), paused: true }).nextRun(new Date(0)) === null ? failure('never', `${JSON.stringify(cron)} is no day of any year`) : { ok: true };
  } catch (error) {
    return failure('not-cron', `${JSON.stringify(cron)} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * The first time after another one, and never that one again. One is due when this, asked of the last that was taken, is past:
 * whatever was missed while a host was off is then made up for once. Pure.
 *
 * @param jitterShare in [0, 1): a cluster's own and the same always, so that a restart neither repeats nor skips one
 */
export function nextSnapshotUnixMs({ cron, timeZone, jitterMs }: SnapshotSchedule, jitterShare: number, afterUnixMs: number): number {
  const offsetMs = Math.floor(jitterShare * jitterMs);
  const next = new Cron(cron, { ...zoneOf(timeZone), paused: true }).nextRun(new Date(afterUnixMs - offsetMs));
  if (next === null) throw new Error('a schedule that never comes is refused when it is checked');
  return next.getTime() + offsetMs;
}

const UTC = 'UTC';

/** The first zone that is asked for loads those of all the world, 12 MB, which an agent has no other use for. UTC needs none. */
function zoneOf(timeZone: string): { readonly timezone: string } | { readonly utcOffset: number } {
  return timeZone === UTC ? { utcOffset: 0 } : { timezone: timeZone };
}

function isTimeZone(name: string): boolean {
  if (name === UTC) return true;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
