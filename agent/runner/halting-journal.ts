import { readFileSync } from 'node:fs';

import type { Mutation } from '../../shared/ports/mutation.ts';
import type { OpenJournal } from './journal-file.ts';

// As in shared/ports/mutation.ts, but read here: only so does the build leave nothing of this in what is shipped.
declare const FARRIER_MUTATION: Mutation | '' | undefined;

/** Null but in programs that are built for a proof: what is not fsynced is proved at the very places where what is fsynced is. */
export const haltingJournal =
  typeof FARRIER_MUTATION !== 'undefined' && (FARRIER_MUTATION === 'halt-at-record' || FARRIER_MUTATION === 'no-journal-fsync') ? halting : null;

/**
 * Stops its own process before or after the first record of a kind and step is appended, where `<state>/halt-at-record`
 * says `before|after KIND STEP LAST` and the record's sequence is above LAST: so a proof can kill the host at exactly
 * this place. SIGCONT lets it go on.
 */
function halting(journal: OpenJournal, stateDir: string): OpenJournal {
  return {
    journalId: journal.journalId,
    records: journal.records,
    append: (entries) => {
      const last = journal.records.at(-1)?.sequence ?? 0;
      const [side = '', kind = '', step = '', above = '0'] = readWanted(stateDir);
      const isWanted = last >= Number(above) && entries.some((entry) => entry.kind === kind && String(entry.step) === step);
      const isFirst = !journal.records.some((record) => record.sequence > Number(above) && record.kind === kind && String(record.step) === step);
      const halt = (now: 'before' | 'after'): void => {
        if (isWanted && isFirst && side === now) process.kill(process.pid, 'SIGSTOP');
      };
      halt('before');
      const added = journal.append(entries);
      halt('after');
      return added;
    },
    close: () => journal.close(),
  };
}

function readWanted(stateDir: string): readonly string[] {
  try {
    return readFileSync(`${stateDir}/halt-at-record`, 'utf8').trim().split(' ');
  } catch {
    return [];
  }
}
