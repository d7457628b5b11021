import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DropIn } from '../../agent/steps/containerd/drop-ins.ts';
import { runProgram } from './run-program.ts';

export interface ContainerdDump {
  /** '' where it takes the configuration, else what it says. */
  readonly problem: string;
  /** What it makes of it, with all its defaults. */
  readonly text: string;
}

/** What a real containerd makes of a configuration, with drop-ins in conf.d beside it. */
export async function containerdDump(containerd: string, text: string, dropIns: readonly DropIn[]): Promise<ContainerdDump> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-dump-'));
  try {
    mkdirSync(join(folder, 'conf.d'));
    writeFileSync(join(folder, 'config.toml'), text);
    // What shapes import beside conf.d.
    writeFileSync(join(folder, 'site.toml'), `version = ${/^\uFEFF?version = (\d)/m.exec(text)?.[1] ?? 1}\n`);
    for (const { path, text: content } of dropIns) writeFileSync(join(folder, 'conf.d', path), content);
    const { exitCode, stdout, stderr } = await runProgram([containerd, '--config', join(folder, 'config.toml'), 'config', 'dump'], { timeoutMs: 30_000 });
    return { problem: exitCode === 0 ? '' : stderr.trim() || `exit code ${exitCode}`, text: stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
