import type { Tally } from './tally.ts';

/** The part of vitest's JSON report that counts. */
interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/**
 * Counts a run of vitest from its JSON report; null where it wrote none. A file that did not even load has no test to fail,
 * and an error outside every test fails none: both still count as one failure, so that a broken run never looks green.
 *
 * @param named the run was asked for tests whose name fits this pattern: the others, which vitest reports as skipped, count as
 *   nothing, and none that fits is a failure.
 */
export function tallyVitest(reportText: string | null, exitCode: number, named = ''): Tally & { readonly skippedNames: readonly string[] } {
  if (reportText === null) return { passed: 0, failed: 1, skipped: 0, skippedNames: [] };
  const report = JSON.parse(reportText) as VitestReport;
  const asked = new RegExp(named);
  let passed = 0;
  let failed = 0;
  const skippedNames: string[] = [];
  for (const file of report.testResults) {
    let failedHere = 0;
    for (const test of file.assertionResults) {
      if (test.status === 'passed') passed += 1;
      else if (test.status === 'failed') failedHere += 1;
      else if (asked.test(test.fullName)) skippedNames.push(test.fullName);
    }
    failed += file.status === 'failed' ? Math.max(failedHere, 1) : failedHere;
  }
  const isEmpty = report.testResults.length === 0 || (named !== '' && passed + failed + skippedNames.length === 0);
  if (failed === 0 && (exitCode !== 0 || isEmpty)) failed = 1;
  return { passed, failed, skipped: skippedNames.length, skippedNames };
}
