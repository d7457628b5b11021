import { spawn } from 'node:child_process';

export interface Finished {
  /** 124 when the time was up, as timeout(1) says it. */
  readonly exitCode: number;
  /** stdout and stderr as they came; empty when they were shown instead. */
  readonly output: string;
  readonly elapsedMs: number;
}

/** Runs a program in its own process group and kills the group when the time is up, so that nothing is left behind. */
export function runBounded(command: readonly string[], options: { readonly timeoutMs: number; readonly show: boolean; readonly env?: NodeJS.ProcessEnv }): Promise<Finished> {
  const [program = '', ...args] = command;
  const startedMs = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', options.show ? 'inherit' : 'pipe', options.show ? 'inherit' : 'pipe'], detached: true, env: options.env ?? process.env });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  const killGroup = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group is gone already.
    }
  };
  const interrupt = (): void => {
    killGroup();
    process.exit(130);
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup();
  }, options.timeoutMs);
  return new Promise((resolve) => {
    const finish = (exitCode: number): void => {
      clearTimeout(timer);
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      resolve({ exitCode: timedOut ? 124 : exitCode, output: chunks.join(''), elapsedMs: performance.now() - startedMs });
    };
    child.once('error', (error) => {
      chunks.push(`${program}: ${error.message}\n`);
      finish(127);
    });
    child.once('close', (code) => finish(code ?? 1));
  });
}
