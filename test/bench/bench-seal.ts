import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundlePrograms } from '../../systemd/package/bundle-programs.ts';
import { mustRun } from '../fleet/run-program.ts';
import { writeDatastoreBytes } from './datastore-bytes.ts';
import { median } from './median.ts';

export interface SealFigures {
  readonly sizeMb: number;
  readonly sealedMb: number;
  readonly pairs: number;
  readonly oursMs: number;
  readonly programsMs: number;
  /** Of each pair, and then the middle one. */
  readonly wallRatio: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

interface Sealed {
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const MB = 1_000_000;
const programMaxMs = 10 * 60_000;

/**
 * Bytes as of a datastore, hashed, compressed, encrypted and written in one stream, beside the programs that one would run one
 * after the other without us: a copy, `zstd -1` and `sha256sum`, which encrypt nothing. Who is first changes from pair to pair.
 *
 * @param node with its flags
 */
export async function measureSeal(node: readonly string[], sizeMb: number, pairs: number): Promise<SealFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-bench-seal-'));
  try {
    await bundlePrograms({ root, programs: { 'seal-file': 'test/bench/seal-file.ts' }, outFolder: folder, version: '0.0.0', mutation: '' });
    const [from, sealed, copy, compressed] = ['datastore', 'sealed', 'copy', 'copy.zst'].map((name) => join(folder, name)) as [string, string, string, string];
    await writeDatastoreBytes(from, sizeMb * MB);
    const seal = async (): Promise<Sealed & { readonly wallMs: number }> => {
      const { wallMs, stdout } = await timed([...node, join(folder, 'seal-file.mjs'), from, sealed]);
      return { wallMs, ...(JSON.parse(stdout) as Sealed) };
    };
    const runPrograms = async (): Promise<number> => {
      const steps = [['cp', from, copy], ['zstd', '-1', '--quiet', '--force', copy, '-o', compressed], ['sha256sum', copy]];
      let wallMs = 0;
      for (const step of steps) wallMs += (await timed(step)).wallMs;
      return wallMs;
    };
    const runs: { readonly oursMs: number; readonly programsMs: number; readonly cpuMs: number; readonly peakMb: number }[] = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      const early = pair % 2 === 0 ? await runPrograms() : null;
      const { wallMs, cpuMs, peakMb } = await seal();
      runs.push({ oursMs: wallMs, programsMs: early ?? (await runPrograms()), cpuMs, peakMb });
    }
    const middle = (pick: (run: (typeof runs)[number]) => number): number => Math.round(median(runs.map(pick)));
    return {
      sizeMb, pairs,
      sealedMb: Math.round(statSync(sealed).size / MB),
      oursMs: middle(({ oursMs }) => oursMs),
      programsMs: middle(({ programsMs }) => programsMs),
      wallRatio: Math.round(median(runs.map(({ oursMs, programsMs }) => oursMs / programsMs)) * 100) / 100,
      cpuMs: middle(({ cpuMs }) => cpuMs),
      // Not the middle: it is a limit.
      peakMb: Math.round(Math.max(...runs.map(({ peakMb }) => peakMb))),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed(argv: readonly string[]): Promise<{ readonly wallMs: number; readonly stdout: string }> {
  const startedMs = performance.now();
  const stdout = await mustRun(argv, { timeoutMs: programMaxMs, env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' } });
  return { wallMs: performance.now() - startedMs, stdout };
}
