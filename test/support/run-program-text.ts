import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface ProgramText {
  readonly stdout: string;
  readonly stderr: string;
  /** Null where it was still running when it had to end. */
  readonly exitCode: number | null;
}

/**
 * Runs one of Farrier's programs from source, as a person runs it, to its end.
 * @param until resolves early: the program is then ended with SIGTERM, as systemd ends it.
 */
export async function runProgramText(
  main: 'agent/main.ts' | 'coordinator/main.ts' | 'coordinator/cli/main.ts',
  args: readonly string[],
  until: (said: () => string) => Promise<void> = async () => await new Promise<void>(() => undefined),
): Promise<ProgramText> {
  const child = spawn(process.execPath, [`${ROOT}${main}`, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], HOME: '/nonexistent' } });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  await Promise.race([ended, until(() => stdout + stderr)]);
  child.kill('SIGTERM');
  return { exitCode: await ended, stdout, stderr };
}
