import { expect, test } from 'vitest';

import type { JournalRecord, RecordKind } from '../../../shared/domain/journal-record.ts';
import { permittedLate } from '../../demo/permitted-late.ts';

const at = (seconds: number, kind: RecordKind, rollout = 'r1') => ({ kind, rollout, wallUnixMs: seconds * 1_000 }) as JournalRecord;

test('names who was permitted after the first host of the same rollout went back', () => {
  const journals = new Map([
    ['edge-1', [at(1, 'permit'), at(2, 'begin'), at(5, 'reverting'), at(9, 'reverting')]],
    ['edge-2', [at(4, 'permit')]],
    ['edge-3', [at(8, 'permit', 'r2')]],
    ['edge-4', [at(8, 'permit')]],
  ]);
  expect(permittedLate(journals, 'r1')).toEqual(['edge-4']);
  expect(permittedLate(journals, 'r2')).toEqual([]);
});
