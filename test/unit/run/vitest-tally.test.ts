import { expect, test } from 'vitest';
import { runBounded } from '../../run/run-bounded.ts';
import { sumTallies, tallyLine } from '../../run/tally.ts';
import { tallyVitest } from '../../run/vitest-tally.ts';

function report(files: readonly { status: string; tests: readonly string[] }[]): string {
  return JSON.stringify({
    testResults: files.map(({ status, tests }) => ({ name: 'f', status, assertionResults: tests.map((each, index) => ({ status: each, fullName: `t${index}` })) })),
  });
}

test.each([
  { name: 'all pass', text: report([{ status: 'passed', tests: ['passed', 'passed'] }]), exitCode: 0, counts: [2, 0, 0] },
  { name: 'skips are counted and named', text: report([{ status: 'passed', tests: ['passed', 'skipped', 'todo'] }]), exitCode: 0, counts: [1, 0, 2] },
  { name: 'a failure', text: report([{ status: 'failed', tests: ['passed', 'failed'] }]), exitCode: 1, counts: [1, 1, 0] },
  { name: 'a file that does not load', text: report([{ status: 'failed', tests: [] }]), exitCode: 1, counts: [0, 1, 0] },
  { name: 'an error outside every test', text: report([{ status: 'passed', tests: ['passed'] }]), exitCode: 1, counts: [1, 1, 0] },
  { name: 'no file at all', text: report([]), exitCode: 0, counts: [0, 1, 0] },
  { name: 'no report at all', text: null, exitCode: 0, counts: [0, 1, 0] },
])('counts: $name', ({ text, exitCode, counts }) => {
  const tally = tallyVitest(text, exitCode);
  expect([tally.passed, tally.failed, tally.skipped]).toEqual(counts);
  expect(tally.skippedNames).toHaveLength(tally.skipped);
});

test('only the tests that were asked for count, and there has to be one', () => {
  const text = report([{ status: 'passed', tests: ['passed', 'skipped', 'skipped'] }]);
  expect(tallyVitest(text, 0, 't0')).toEqual({ passed: 1, failed: 0, skipped: 0, skippedNames: [] });
  expect(tallyVitest(text, 0, 't[01]')).toEqual({ passed: 1, failed: 0, skipped: 1, skippedNames: ['t1'] });
  expect(tallyVitest(report([{ status: 'passed', tests: ['skipped'] }]), 0, 't1')).toMatchObject({ passed: 0, failed: 1, skipped: 0 });
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
