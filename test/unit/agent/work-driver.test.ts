import { expect, test } from 'vitest';

import type { WorkUnits } from '../../../agent/ports/work-units.ts';
import { WorkDriver } from '../../../agent/runner/work-driver.ts';
import { entry } from '../../support/journal-records.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import type { JournalRecord } from '../../../shared/domain/journal-record.ts';

const record = (sequence: number, kind: JournalRecord['kind'], change: Partial<JournalRecord> = {}): JournalRecord => ({ ...entry(kind), format: 1, journalId: 'j', sequence, bootId: 'b', monotonicMs: 0, wallUnixMs: 0, ...change });

/** Looks every five seconds, as the agent does. @returns the seconds at which a unit was started. */
async function startsWithin(seconds: number, change: { readonly records?: (second: number) => readonly JournalRecord[]; readonly runs?: (second: number) => boolean } = {}): Promise<readonly number[]> {
  const clock = manualClock();
  const starts: number[] = [];
  let now = 0;
  const units: WorkUnits = {
    start: async () => (starts.push(now), ''),
    running: async () => (change.runs?.(now) === true ? 1 : null),
    stop: async () => undefined,
    kill: async () => undefined,
  };
  const driver = new WorkDriver(units, { clock, logger: silentLogger });
  for (; now <= seconds; now += 5) {
    await driver.drive(change.records?.(now) ?? [record(1, 'accepted')]);
    clock.advance(5_000);
  }
  return starts;
}

test('a unit that dies without a word is started again ever more seldom, and never given up', async () => {
  expect(await startsWithin(1_500)).toEqual([0, 5, 15, 35, 75, 155, 315, 615, 915, 1_215]);
});

test('one that journaled something is started again at once', async () => {
  expect(await startsWithin(20, { records: (second) => [record(1, 'accepted'), ...Array.from({ length: second / 5 }, (_, index) => record(index + 2, 'begin', { step: 0 }))] })).toEqual([0, 5, 10, 15, 20]);
});

test('one that ran for long is no such case', async () => {
  expect(await startsWithin(100, { runs: (second) => second > 0 && second < 90 })).toEqual([0, 90, 100]);
});
