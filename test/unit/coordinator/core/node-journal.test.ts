import { describe, expect, test } from 'vitest';

import type { AssignmentProgress } from '../../../../coordinator/core/assignment-progress.ts';
import { emptyNodeJournal, evolveNodeJournal, type NodeJournal } from '../../../../coordinator/core/node-journal.ts';
import { type JournalRecord, WHOLE_SEQUENCE } from '../../../../shared/domain/journal-record.ts';
import type { OutcomeCode } from '../../../../shared/domain/outcome.ts';

interface Line extends Partial<Omit<JournalRecord, 'outcome'>> {
  readonly kind: JournalRecord['kind'];
  readonly code?: OutcomeCode;
}

function fold(lines: readonly Line[], from = emptyNodeJournal()): NodeJournal {
  return lines.reduce((journal, { code, ...line }, index) => {
    const record: JournalRecord = {
      ...{ format: 1, journalId: 'j1', sequence: index + 1, rollout: 'r1', generation: 1, epoch: 1, digest: 'd1', step: WHOLE_SEQUENCE, stepName: '' },
      ...{ attempt: 1, payloadDigest: '', bootId: 'b', monotonicMs: 0, wallUnixMs: index, outcome: code === undefined ? null : { code, message: '', object: '' } },
      ...line,
    };
    return evolveNodeJournal(journal, { type: 'report', record, receivedUnixMs: 0 });
  }, from);
}

const accepted: Line = { kind: 'accepted' };
const staged: Line = { kind: 'stage' };
const permit: Line = { kind: 'permit' };
const begin: Line = { kind: 'begin', step: 0, stepName: 'packages' };

describe('an assignment’s progress', () => {
  test.each<[string, Line[], Partial<AssignmentProgress>]>([
    ['accepted', [accepted], { state: 'accepted', begun: false }],
    ['one step staged', [accepted, { kind: 'stage', step: 0, stepName: 'packages' }], { state: 'accepted', stepName: 'packages' }],
    ['everything staged', [accepted, staged], { state: 'staged' }],
    ['staging failed as a whole', [accepted, { ...staged, code: 'disk-full' }], { state: 'accepted' }],
    ['permitted', [accepted, staged, permit], { state: 'permitted', begun: false }],
    ['begun', [accepted, staged, permit, begin], { state: 'active', begun: true, stepName: 'packages' }],
    ['verified', [accepted, begin, { kind: 'verified', step: 0, stepName: 'packages' }], { state: 'active', begun: true }],
    ['going back', [accepted, begin, { kind: 'reverting', step: 0, code: 'verify-failed' }], { state: 'reverting', begun: true }],
    ['one step put back', [accepted, begin, { kind: 'reverted', step: 0 }], { state: 'reverting' }],
    ['put back', [accepted, begin, { kind: 'reverted', code: 'verify-failed' }], { state: 'reverted' }],
    ['done', [accepted, begin, { kind: 'done' }], { state: 'done' }],
    ['refused before anything', [accepted, { kind: 'refused', code: 'recalled' }], { state: 'refused', begun: false }],
    ['needs a person', [accepted, begin, { kind: 'refused', code: 'needs-a-person' }], { state: 'needs-a-person', begun: true }],
    ['refused after begin, whatever the code', [accepted, begin, { kind: 'refused', code: 'disk-full' }], { state: 'needs-a-person', begun: true }],
    ['a person finished it', [accepted, begin, { kind: 'refused', code: 'needs-a-person' }, begin, { kind: 'done' }], { state: 'done' }],
    ['a person put it back', [accepted, begin, { kind: 'refused', code: 'needs-a-person' }, { kind: 'reverted' }], { state: 'reverted' }],
    ['recalled when it was over', [accepted, begin, { kind: 'done' }, { kind: 'refused', code: 'recalled' }], { state: 'done' }],
    ['accepted again under a newer leader', [accepted, staged, accepted], { state: 'staged' }],
    ['staged or permitted after it began: that is old news', [accepted, begin, staged, permit], { state: 'active', begun: true }],
    ['accepted after it was over', [accepted, begin, { kind: 'done' }, accepted], { state: 'done' }],
    ['begun again by hand after it was done', [accepted, begin, { kind: 'done' }, { kind: 'reverting', step: 0 }], { state: 'reverting', begun: true }],
    ['begun where earlier records are lost', [begin], { state: 'active', begun: true }],
    ['re-installed before it began', [accepted, staged, { kind: 'accepted', journalId: 'j2', sequence: 1 }], { state: 'accepted', journalId: 'j2' }],
  ])('%s', (_, lines, progress) => {
    expect(fold(lines).assignments.get(1)).toMatchObject(progress);
  });
});

test('applies a report once', () => {
  const once = fold([accepted, staged]);
  expect(fold([accepted, staged], once)).toBe(once);
});

test('takes reports with holes: an agent resends only what its journal keeps', () => {
  expect(fold([accepted, { ...staged, sequence: 40 }])).toMatchObject({ lastSequence: 40 });
});

test('a new journal starts over and keeps what the old one told', () => {
  const journal = fold([accepted, begin, { kind: 'accepted', journalId: 'j2', sequence: 1, generation: 2, digest: 'd2' }]);
  expect(journal).toMatchObject({ journalId: 'j2', lastSequence: 1 });
  expect([...journal.assignments.values()].map(({ generation, state }) => [generation, state])).toEqual([[1, 'active'], [2, 'accepted']]);
});

test('a refusal of another assignment under a taken generation does not touch the one at hand', () => {
  const journal = fold([accepted, begin, { kind: 'refused', digest: 'd2', rollout: 'r2', code: 'store-regressed' }]);
  expect(journal.assignments.get(1)).toMatchObject({ state: 'active', digest: 'd1' });
  expect(journal.conflicts.get(1)).toMatchObject({ state: 'refused', digest: 'd2', rollout: 'r2' });
});

test('a refusal without a digest speaks of the assignment at hand', () => {
  expect(fold([accepted, { kind: 'refused', digest: '', code: 'recalled' }]).assignments.get(1)).toMatchObject({ state: 'refused' });
});

test('keeps a bounded number of assignments, and every one that is not over', () => {
  const lines = Array.from({ length: 100 }, (_, index): Line[] => [
    { ...accepted, generation: index + 1, sequence: 2 * index + 1 },
    { kind: index === 0 ? 'begin' : 'done', generation: index + 1, sequence: 2 * index + 2 },
  ]).flat();
  const { assignments } = fold(lines);
  expect(assignments.size).toBe(64);
  expect(assignments.get(1)).toMatchObject({ state: 'active' });
  expect(Math.max(...assignments.keys())).toBe(100);
});
