import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { JOURNAL_FORMATS, type JournalFormats, writeFormat } from '../../../agent/core/write-format.ts';
import { openJournal } from '../../../agent/runner/journal-file.ts';
import { parseJournal } from '../../../agent/runner/journal-line.ts';
import { systemRandom } from '../../../shared/ports/system-random.ts';
import { entry } from '../../support/journal-records.ts';
import { manualClock } from '../../support/manual-clock.ts';

/** A version to come: its journal has a second format, which the version before it reads and does not write. */
const NEXT: JournalFormats = { reads: 2, writes: 2, writesUnproved: 1 };

test('a version writes its own format once it is proved, and no earlier', () => {
  expect(writeFormat(NEXT, '2.0', null)).toBe(1);
  expect(writeFormat(NEXT, '2.0', '1.0')).toBe(1);
  expect(writeFormat(NEXT, '2.0', '2.0')).toBe(2);
});

test('no version writes what it cannot read, nor unproved more than proved', () => {
  expect(JOURNAL_FORMATS.writes).toBeLessThanOrEqual(JOURNAL_FORMATS.reads);
  expect(JOURNAL_FORMATS.writesUnproved).toBeLessThanOrEqual(JOURNAL_FORMATS.writes);
});

test('until then the version before reads all of it; a version that knows both formats reads them mixed', () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'farrier-format-')), 'journal');
  const parts = { folder, bootId: 'b', clock: manualClock(), random: systemRandom, files: { syncFile: () => undefined, syncFolder: () => undefined } };
  const write = (provedVersion: string | null): void => {
    const opened = openJournal({ ...parts, format: writeFormat(NEXT, '2.0', provedVersion) });
    // Today's reader stands for the version before.
    if (!opened.ok) throw new Error(opened.error.message);
    opened.journal.append([entry('accepted')]);
    opened.journal.close();
  };
  const read = (reads: number) => parseJournal(readFileSync(join(folder, 'journal.log')), 'journal.log', reads);
  write(null);
  write('1.0');
  expect(read(1)).toMatchObject({ ok: true, records: [{ format: 1 }, { format: 1 }] });
  write('2.0');
  expect(read(NEXT.reads)).toMatchObject({ ok: true, records: [{ format: 1 }, { format: 1 }, { format: 2 }] });
  expect(read(1)).toMatchObject({ ok: false, error: { code: 'journal-format', line: 3 } });
  rmSync(join(folder, '..'), { recursive: true });
});
