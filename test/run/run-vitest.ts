import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runBounded } from './run-bounded.ts';
import type { Tally } from './tally.ts';
import { tallyVitest } from './vitest-tally.ts';

export interface VitestRun {
  readonly timeoutMs: number;
  /** Parts of paths of the files to run; all of the configuration's unless given. */
  readonly files?: readonly string[];
  /** Only tests whose full name fits this pattern: the others count as nothing. */
  readonly named?: string;
}

/** Runs tests in a process of their own, which is killed when the time is up, and counts them. What they print is shown. */
export async function runVitest(config: string, { timeoutMs, files = [], named }: VitestRun): Promise<Tally & { readonly skippedNames: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-test-'));
  const reportPath = join(folder, 'report.json');
  try {
    const filter = [...files, ...(named === undefined ? [] : ['--testNamePattern', named])];
    const { exitCode, elapsedMs } = await runBounded(
      ['vitest', 'run', '--config', config, ...filter, '--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`],
      { timeoutMs, show: true },
    );
    if (exitCode === 124) console.log(`${config}: killed after ${(elapsedMs / 1000).toFixed(1)} s`);
    return tallyVitest(readIfThere(reportPath), exitCode, named);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
