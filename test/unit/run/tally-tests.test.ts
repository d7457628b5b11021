import { expect, test } from 'vitest';
import { runBounded } from '../../run/run-bounded.ts';
import { sumTallies, tallyLine } from '../../run/tally.ts';
import { type ReportLine, tallyTests } from '../../run/tally-tests.ts';

type End = ReportLine['is'];

function lines(files: readonly { readonly is: End; readonly tests: readonly End[] }[]): string {
  const told = files.flatMap(({ is, tests }, index): ReportLine[] => {
    const file = `f${index}`;
    return [{ file, is: 'asked-for' }, ...tests.map((end, test) => ({ file, test: `t${test}`, is: end })), ...(is === 'asked-for' ? [] : [{ file, is }])];
  });
  return told.map((line) => `${JSON.stringify(line)}\n`).join('');
}

test.each<{ name: string; files: Parameters<typeof lines>[0]; exitCode: number; counts: number[]; unfinished?: string[] }>([
  { name: 'all pass', files: [{ is: 'passed', tests: ['passed', 'passed'] }], exitCode: 0, counts: [2, 0, 0] },
  { name: 'skips are counted and named', files: [{ is: 'passed', tests: ['passed', 'skipped', 'skipped'] }], exitCode: 0, counts: [1, 0, 2] },
  { name: 'a failure', files: [{ is: 'failed', tests: ['passed', 'failed'] }], exitCode: 1, counts: [1, 1, 0] },
  { name: 'a file that does not load', files: [{ is: 'failed', tests: [] }], exitCode: 1, counts: [0, 1, 0] },
  { name: 'an error outside every test', files: [{ is: 'passed', tests: ['passed'] }], exitCode: 1, counts: [1, 1, 0] },
  { name: 'a run that was cut off', files: [{ is: 'passed', tests: ['passed'] }, { is: 'asked-for', tests: ['passed'] }, { is: 'asked-for', tests: [] }], exitCode: 124, counts: [2, 2, 0], unfinished: ['f1', 'f2'] },
  { name: 'no file at all', files: [], exitCode: 0, counts: [0, 1, 0] },
])('counts: $name', ({ files, exitCode, counts, unfinished = [] }) => {
  const tally = tallyTests(lines(files), exitCode);
  expect([tally.passed, tally.failed, tally.skipped]).toEqual(counts);
  expect(tally.skippedNames).toHaveLength(tally.skipped);
  expect(tally.unfinished).toEqual(unfinished);
});

test('only the tests that were asked for count, and there has to be one', () => {
  const told = lines([{ is: 'passed', tests: ['passed', 'skipped', 'skipped'] }]);
  expect(tallyTests(told, 0, 't0')).toMatchObject({ passed: 1, failed: 0, skipped: 0, skippedNames: [] });
  expect(tallyTests(told, 0, 't[01]')).toMatchObject({ passed: 1, failed: 0, skipped: 1, skippedNames: ['t1'] });
  expect(tallyTests(lines([{ is: 'passed', tests: ['skipped'] }]), 0, 't1')).toMatchObject({ passed: 0, failed: 1, skipped: 0 });
});

test('what a test kept is told with how that test ended, and its last word counts', () => {
  const told: readonly ReportLine[] = [{ file: 'f', is: 'asked-for' }, { file: 'f', test: 'a', is: 'pending', saw: 1 }, { file: 'f', test: 'a', is: 'failed', saw: 2 }, { file: 'f', test: 'b', is: 'passed' }, { file: 'f', is: 'failed' }];
  expect(tallyTests(told.map((line) => JSON.stringify(line)).join('\n'), 1).seen).toEqual([{ is: 'failed', saw: 2 }]);
});

test('the last line is plain and sums every part', () => {
  expect(tallyLine(sumTallies([{ passed: 1, failed: 0, skipped: 2 }, { passed: 4, failed: 1, skipped: 0 }]))).toBe('5 passed, 1 failed, 2 skipped');
});

test('a program that does not end is killed with all its children, and says so', async () => {
  const finished = await runBounded(['sh', '-c', 'echo begun; sleep 60 & wait'], { timeoutMs: 300, show: false });
  expect(finished.exitCode).toBe(124);
  expect(finished.output).toContain('begun');
  expect(finished.elapsedMs).toBeLessThan(10_000);
});

test('a program that is not there fails instead of throwing', async () => {
  expect((await runBounded(['no-such-program-of-farrier'], { timeoutMs: 1000, show: false })).exitCode).not.toBe(0);
});
