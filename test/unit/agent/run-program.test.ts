import { afterEach, expect, test } from 'vitest';

import { runProgram } from '../../../agent/adapters/run-program.ts';

const left: number[] = [];
afterEach(() => {
  for (const pid of left.splice(0)) process.kill(pid, 'SIGKILL');
});

/** Runs a shell that leaves a process of its own session behind, which holds the shell's output open. */
function leaveBehind(what: string, signal: AbortSignal, heard: (text: string) => void = () => undefined) {
  const output = (text: string): void => {
    if (left.length === 0) left.push(Number(text.split('\n')[0]));
    heard(text);
  };
  return runProgram(['sh', '-c', `setsid sh -c '${what}' & echo $!`], { signal, output });
}

test('a program has ended when it ends, whoever it left behind with its output', async () => {
  const ended = await leaveBehind('exec sleep 60', AbortSignal.timeout(50_000));
  expect(ended).toEqual({ code: 0, stdout: `${left[0]}\n`, stderr: '' });
});

test('what a program left behind may talk for ever: time ends the wait', async () => {
  const time = new AbortController();
  // The shell itself ends at once.
  const ended = leaveBehind('sleep 1; while echo more; do sleep 0.1; done', time.signal, (text) => {
    if (text.includes('more')) time.abort(new Error('time is up'));
  });
  await expect(ended).rejects.toThrow('time is up');
});

test('all that a program said is there, and none of it twice', async () => {
  const { stdout } = await runProgram(['sh', '-c', 'head -c 300000 /dev/zero | tr "\\0" x; sleep 0.1; echo end'], { signal: AbortSignal.timeout(50_000) });
  expect(stdout).toBe(`${'x'.repeat(300_000)}end\n`);
});
