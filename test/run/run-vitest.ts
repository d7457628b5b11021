import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { REPORT_LINES } from './report-lines.ts';
import { runBounded } from './run-bounded.ts';
import { tallyTests, type TestTally } from './tally-tests.ts';

export interface VitestRun {
  readonly timeoutMs: number;
  /** Parts of paths of the files to run; all of the configuration's unless given. */
  readonly files?: readonly string[];
  /** Only tests whose full name fits this pattern: the others count as nothing. */
  readonly named?: string;
  /** A line for each test as it ends, for tests that take long, instead of one for each file. */
  readonly eachTest?: boolean;
}

/** Runs tests in a process of their own, which is killed when the time is up, and counts them. What they print is shown. */
export async function runVitest(config: string, { timeoutMs, files = [], named, eachTest = false }: VitestRun): Promise<TestTally> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-test-'));
  const lines = join(folder, 'lines');
  writeFileSync(lines, '');
  try {
    const filter = [...files, ...(named === undefined ? [] : ['--testNamePattern', named])];
    const reporters = [`--reporter=${eachTest ? 'verbose' : 'default'}`, `--reporter=${fileURLToPath(new URL('report-lines.ts', import.meta.url))}`];
    const command = ['vitest', 'run', '--config', config, ...filter, ...reporters];
    const { exitCode, elapsedMs } = await runBounded(command, { timeoutMs, show: true, env: { ...process.env, [REPORT_LINES]: lines } });
    const tally = tallyTests(readFileSync(lines, 'utf8'), exitCode, named);
    if (exitCode === 124) console.log(`${config}: killed after ${(elapsedMs / 1000).toFixed(1)} s; not finished: ${tally.unfinished.join(', ')}`);
    return tally;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
