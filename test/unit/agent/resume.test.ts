import { describe, expect, test } from 'vitest';

import { agentDuty } from '../../../agent/core/agent-duty.ts';
import { keptRecords } from '../../../agent/core/kept-records.ts';
import { lastDone } from '../../../agent/core/last-done.ts';
import { nextAction, type ResumeView } from '../../../agent/core/resume.ts';
import type { JournalEntry } from '../../../agent/ports/journal.ts';
import type { RecordKind } from '../../../shared/domain/journal-record.ts';
import { DIGEST, entry, records } from '../../support/journal-records.ts';

const CODES = { fails: 'apply-failed', person: 'needs-a-person', recalled: 'recalled', past: 'past-no-return' } as const;

/** `begin0 prior0 reverting0:fails` and so on; `staged` is the whole sequence; `begin0@boot-2` was written in that boot. */
function journal(text: string): readonly JournalEntry[] {
  return text.split(' ').filter((word) => word !== '').map((word) => {
    const [, kind = '', step = '', code, bootId] = /^([a-z]+)(\d*)(?::(\w+))?(?:@(.+))?$/.exec(word) ?? [];
    const outcome = code === undefined ? null : { code: CODES[code as keyof typeof CODES], message: code, object: '' };
    const one = entry((kind === 'staged' ? 'stage' : kind) as RecordKind, { step: step === '' ? -1 : Number(step), outcome, payloadDigest: kind === 'prior' ? DIGEST : '' });
    return bootId === undefined ? one : { ...one, bootId };
  });
}

const view: ResumeView = { stepCount: 2, action: 'sequence', permitHolds: true, bootId: 'boot-1', noReturn: new Set(), reboots: new Set(), force: null };
const why = { code: 'stopped-by-person', message: '', object: '' } as const;

function next(text: string, change: Partial<ResumeView> = {}, bootId = 'boot-1'): string {
  const action = nextAction(records(journal(text), bootId), 1, { ...view, ...change });
  switch (action.kind) {
    case 'run':
      return `run ${action.step} #${action.attempt}${action.prior === null ? '' : ' known'}`;
    case 'revert':
      return `revert ${action.step} #${action.attempt}${action.prior === null ? '' : ' known'} ${action.failure.code}`;
    case 'close':
      return `close ${action.record} ${action.outcome.code}`;
    case 'needs-a-person':
      return `${action.outcome.code === 'past-no-return' ? 'held past-no-return' : 'needs-a-person'}${action.journaled ? ' journaled' : ''}`;
    case 'over':
      return `over ${action.end}`;
    default:
      return action.kind;
  }
}

const READY = 'accepted staged permit';

describe('what the journal says is next', () => {
  test.each([
    ['', 'idle'],
    ['accepted', 'stage'],
    ['accepted stage0', 'stage'],
    ['accepted staged', 'await-permit'],
    [READY, 'run 0 #1'],
    [`${READY} begin0`, 'run 0 #2'],
    [`${READY} begin0 prior0`, 'run 0 #2 known'],
    [`${READY} begin0 prior0 applied0`, 'run 0 #2 known'],
    [`${READY} begin0 prior0 applied0 verified0`, 'run 1 #1'],
    [`${READY} begin0 prior0 begin0`, 'revert 0 #1 known interrupted-twice'],
    [`${READY} begin0 begin0`, 'revert 0 #1 interrupted-twice'],
    [`${READY} begin0 prior0 applied0 verified0 begin1 prior1 applied1 verified1`, 'close done ok'],
    [`${READY} begin0 prior0 verified0 begin1 prior1 reverting1:fails`, 'revert 1 #2 known apply-failed'],
    [`${READY} begin0 prior0 verified0 begin1 prior1 reverting1:fails reverted1`, 'revert 0 #1 known apply-failed'],
    [`${READY} begin0 prior0 verified0 begin1 reverting1:fails reverted1 reverting0:fails reverted0`, 'close reverted apply-failed'],
    [`${READY} begin0 prior0 reverting0:fails reverting0 reverting0`, 'needs-a-person'],
    [`${READY} begin0 prior0 reverting0:fails reverting0 reverting0 refused:person`, 'needs-a-person journaled'],
    [`${READY} begin0 verified0 begin1 verified1 done`, 'over done'],
    [`${READY} begin0 reverting0:fails reverted0 reverted:fails`, 'over reverted'],
    ['accepted staged refused:recalled', 'over refused'],
  ])('%j: %s', (text, expected) => {
    expect(next(text)).toBe(expected);
  });

  test('a permit that was not begun is void after a boot and in another process; what was begun goes on', () => {
    expect(next(READY, { bootId: 'boot-2' })).toBe('await-permit');
    expect(next(READY, { permitHolds: false })).toBe('await-permit');
    expect(next(`${READY} begin0`, { bootId: 'boot-2', permitHolds: false })).toBe('run 0 #2');
    expect(next(`${READY} begin0 prior0 reverting0:fails`, { bootId: 'boot-2', permitHolds: false })).toBe('revert 0 #2 known apply-failed');
  });

  const STUCK = `${READY} begin0 prior0 verified0 begin1 prior1 reverting1:fails reverting1 reverting1 refused:person`;
  test('a person decides which way, and the counts begin anew', () => {
    expect(next(STUCK, { force: { to: 'finish' } })).toBe('run 1 #1 known');
    expect(next(STUCK, { force: { to: 'revert', why } })).toBe('revert 1 #1 known apply-failed');
    expect(next(`${STUCK} begin1`)).toBe('run 1 #2 known');
    expect(next(`${STUCK} reverting1`)).toBe('revert 1 #2 known apply-failed');
    expect(next(`${READY} begin0 prior0`, { force: { to: 'revert', why } })).toBe('revert 0 #1 known stopped-by-person');
    // Finishing after a part was put back does that part again.
    expect(next(`${READY} begin0 prior0 verified0 begin1 prior1 reverting1:fails reverted1`, { force: { to: 'finish' } })).toBe('run 1 #1 known');
    expect(next(`${READY} begin0 prior0 begin0 prior0 reverting0`, { force: { to: 'finish' } })).toBe('run 0 #3 known');
  });

  test('past the point of no return nothing is put back: it goes on, and is held where it cannot', () => {
    const noReturn = new Set([0]);
    const past = `${READY} begin0 prior0 applied0 verified0 begin1 prior1`;
    expect(next(past, { noReturn })).toBe('run 1 #2 known');
    expect(next(`${past} begin1`, { noReturn })).toBe('held past-no-return');
    expect(next(`${past} begin1 refused:past`, { noReturn })).toBe('held past-no-return journaled');
    expect(next(past, { noReturn, force: { to: 'revert', why } })).toBe('held past-no-return');
    expect(next(`${past} begin1 refused:past`, { noReturn, force: { to: 'finish' } })).toBe('run 1 #1 known');
    // Begun is not applied: the step itself says whether it can still be put back.
    expect(next(`${READY} begin0 prior0 begin0`, { noReturn })).toBe('revert 0 #1 known interrupted-twice');
  });

  test('a reboot that was asked for is no interruption; one that is cut off in each boot is', () => {
    const reboots = new Set([0]);
    const asked = `${READY} begin0 prior0`;
    const booted = { reboots, bootId: 'boot-2' };
    expect(next(asked, booted)).toBe('run 0 #2 known');
    // Killed once before it was asked for, and once after the boot.
    expect(next(`${READY} begin0 prior0 begin0`, booted)).toBe('run 0 #3 known');
    expect(next(`${READY} begin0 prior0 begin0 begin0@boot-2`, booted)).toBe('run 0 #4 known');
    expect(next(`${READY} begin0 prior0 begin0 begin0@boot-2 begin0@boot-3`, { reboots, bootId: 'boot-4' })).toBe('revert 0 #1 known interrupted-twice');
    expect(next(`${READY} begin0 prior0 begin0`, { reboots })).toBe('revert 0 #1 known interrupted-twice');
    // Any other step that a boot cut off was interrupted.
    expect(next(`${READY} begin0 prior0 begin0`, { bootId: 'boot-2' })).toBe('revert 0 #1 known interrupted-twice');
  });

  test('a reboot on the way back is no failed attempt either', () => {
    const reboots = new Set([0]);
    const back = `${READY} begin0 prior0 verified0 begin1 prior1 reverting1:fails reverted1`;
    const booted = { reboots, bootId: 'boot-2' };
    expect(next(`${back} reverting0:fails reverting0:fails`, booted)).toBe('revert 0 #3 known apply-failed');
    expect(next(`${back} reverting0:fails reverting0:fails reverting0:fails`, booted)).toBe('revert 0 #4 known apply-failed');
    expect(next(`${back} reverting0:fails reverting0:fails@boot-2 reverting0:fails@boot-2 reverting0:fails@boot-2`, booted)).toBe('needs-a-person');
    // Who turns it round and lets it fail again goes another way back: it reboots again.
    expect(next(`${back} reverting0:fails begin1@boot-2 reverting1:fails@boot-2 reverted1@boot-2`, booted)).toBe('revert 0 #1 known apply-failed');
  });

  test('a person cannot begin what no permit began', () => {
    expect(next('accepted staged', { force: { to: 'finish' } })).toBe('await-permit');
    expect(next('accepted staged', { force: { to: 'revert', why } })).toBe('await-permit');
  });

  test('a rollback runs the steps last first and has no way back', () => {
    const rollback = { action: 'rollback' } as const;
    expect(next(READY, rollback)).toBe('run 1 #1');
    expect(next(`${READY} begin1 applied1 verified1`, rollback)).toBe('run 0 #1');
    expect(next(`${READY} begin1 begin1`, rollback)).toBe('run 1 #3');
    expect(next(`${READY} begin1 begin1 begin1`, rollback)).toBe('needs-a-person');
    expect(next(`${READY} begin1 verified1 begin0 verified0`, rollback)).toBe('close done ok');
  });
});

test('an agent that starts sees to what is open', () => {
  const duty = (text: string, running: number | null = null): string => {
    const found = agentDuty(records(journal(text)), running);
    return found.kind === 'start-work' ? found.mode : found.kind;
  };
  expect(duty('')).toBe('idle');
  expect(duty('accepted')).toBe('stage');
  expect(duty('accepted', 1)).toBe('watch');
  expect(duty(READY)).toBe('await-permit');
  expect(duty(`${READY} begin0`)).toBe('activate');
  expect(duty(`${READY} begin0 refused:person`)).toBe('needs-a-person');
  expect(duty(`${READY} begin0 done`)).toBe('idle');
});

test('only the last assignment that changed the host can be rolled back', () => {
  const of = (generation: number, text: string) => journal(text).map((one) => ({ ...one, generation }));
  const begun = `${READY} begin0 prior0`;
  const found = (...all: readonly (readonly JournalEntry[])[]): number | undefined => lastDone(records(all.flat()), 9)?.generation;
  expect(found(of(1, `${begun} done`))).toBe(1);
  expect(found(of(1, `${begun} done`), of(2, `${begun} reverted:fails`))).toBe(1);
  expect(found(of(1, `${begun} done`), of(2, 'accepted refused:recalled'))).toBe(1);
  expect(found(of(1, `${begun} done`), of(2, `${begun} done`))).toBe(2);
  expect(found(of(1, `${begun} done`), of(2, begun))).toBeUndefined();
  expect(found(of(1, `${begun} done`), of(2, `${begun} refused:person`))).toBeUndefined();
});

test('only a beginning of the journal is ever dropped', () => {
  const many = records(Array.from({ length: 30 }, (_, index) => entry('accepted', { generation: index + 1 })));
  expect(keptRecords(many).map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, index) => index + 11));
  expect(keptRecords(many.slice(0, 20))).toEqual(many.slice(0, 20));
});
