import type { Tally } from './tally.ts';

/** Of a file: that it is asked for, and how it ended. Of a test: how it ended; the last word counts. */
export interface ReportLine {
  readonly file: string;
  readonly test?: string;
  readonly is: 'asked-for' | 'passed' | 'failed' | 'skipped' | 'pending';
  readonly saw?: unknown;
}

/** What a test kept of what it saw, for a table, and how it ended. */
export interface Seen {
  readonly is: ReportLine['is'];
  readonly saw: unknown;
}

export interface TestTally extends Tally {
  readonly skippedNames: readonly string[];
  /** Files that were asked for and did not end. */
  readonly unfinished: readonly string[];
  /** Of tests that kept something. */
  readonly seen: readonly Seen[];
}

/**
 * Counts what a run wrote down. A file that did not even load has no test to fail, one that was cut off may have failed
 * next, and an error outside every test fails none: each still counts as one failure, so that a broken run never looks green.
 *
 * @param named the run was asked for tests whose name fits this pattern: the others, which are told as skipped, count as
 *   nothing, and none that fits is a failure.
 */
export function tallyTests(lines: string, exitCode: number, named = ''): TestTally {
  const files = new Map<string, { is: ReportLine['is']; readonly tests: Map<string, Seen> }>();
  for (const { file, test, is, saw } of lines.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as ReportLine)) {
    const known = files.get(file) ?? { is: 'asked-for', tests: new Map() };
    files.set(file, known);
    if (test === undefined) known.is = is;
    else known.tests.set(test, { is, saw });
  }
  const asked = new RegExp(named);
  let passed = 0;
  let failed = 0;
  const skippedNames: string[] = [];
  for (const { is, tests } of files.values()) {
    const results = [...tests];
    const failedHere = results.filter(([, end]) => end.is === 'failed').length;
    passed += results.filter(([, end]) => end.is === 'passed').length;
    failed += is === 'passed' ? failedHere : Math.max(failedHere, 1);
    skippedNames.push(...results.filter(([name, end]) => end.is === 'skipped' && asked.test(name)).map(([name]) => name));
  }
  const isEmpty = files.size === 0 || (named !== '' && passed + failed + skippedNames.length === 0);
  if (failed === 0 && (exitCode !== 0 || isEmpty)) failed = 1;
  const unfinished = [...files].filter(([, { is }]) => is === 'asked-for').map(([name]) => name);
  return { passed, failed, skipped: skippedNames.length, skippedNames, unfinished, seen: [...files.values()].flatMap(({ tests }) => [...tests.values()].filter(({ saw }) => saw !== undefined)) };
}
