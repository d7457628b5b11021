import type { JournalRecord } from '../../shared/domain/journal-record.ts';

/** The word that a host goes back has to reach the coordinator, and a permit that it just sent has to reach its host. */
const WORD_TRAVELS_MS = 1_000;

/**
 * Hosts that were permitted to begin though another one of the rollout was going back already, as their own journals tell.
 *
 * @param journals by host; the hosts share one clock.
 */
export function permittedLate(journals: ReadonlyMap<string, readonly JournalRecord[]>, rollout: string): readonly string[] {
  const all = [...journals].flatMap(([host, records]) => records.filter((record) => record.rollout === rollout).map(({ kind, wallUnixMs }) => ({ host, kind, wallUnixMs })));
  const firstBackUnixMs = Math.min(...all.filter(({ kind }) => kind === 'reverting').map(({ wallUnixMs }) => wallUnixMs));
  return all.filter(({ kind, wallUnixMs }) => kind === 'permit' && wallUnixMs > firstBackUnixMs + WORD_TRAVELS_MS).map(({ host }) => host);
}
