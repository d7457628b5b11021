import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule, TestSpecification } from 'vitest/node';

import type { ReportLine } from './tally-tests.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** What a test keeps for a table of whoever runs it; has to survive JSON. */
    saw?: unknown;
  }
}

export const REPORT_LINES = 'FARRIER_REPORT_LINES';

/** Writes each result down the moment it is known, so that a run which is killed has told what it did and what it never came to. */
export default class ReportLines implements Reporter {
  onTestRunStart(specifications: readonly TestSpecification[]): void {
    for (const { moduleId } of specifications) write({ file: nameOf(moduleId), is: 'asked-for' });
  }

  onTestCaseResult(test: TestCase): void {
    write(resultOf(test));
  }

  onTestModuleEnd(module: TestModule): void {
    // Of those that never ran, and so never had a result, nobody told before.
    for (const test of module.children.allTests('skipped')) write(resultOf(test));
    write({ file: nameOf(module.moduleId), is: module.ok() ? 'passed' : 'failed' });
  }
}

function resultOf(test: TestCase): ReportLine {
  // Joined as `--testNamePattern` sees it.
  return { file: nameOf(test.module.moduleId), test: test.fullName.replaceAll(' > ', ' '), is: test.result().state, saw: test.meta().saw };
}

function nameOf(path: string): string {
  return relative(process.cwd(), path);
}

function write(line: ReportLine): void {
  const path = process.env[REPORT_LINES];
  if (path === undefined) throw new Error(`${REPORT_LINES} names no file`);
  appendFileSync(path, `${JSON.stringify(line)}\n`);
}
