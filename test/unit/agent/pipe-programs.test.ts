import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { pipePrograms } from '../../../agent/adapters/pipe-programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'farrier-pipe-'));
afterAll(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;

test('the second program reads what the first one writes, byte by byte, and it is counted', async () => {
  const from = join(folder, 'bytes');
  writeFileSync(from, Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256)));
  let bytes = 0;
  const { from: first, to } = await pipePrograms(['cat', from], ['sha256sum'], { signal: never, passed: (more) => { bytes += more; } });
  expect([first.code, to.code, bytes]).toEqual([0, 0, 300_000]);
  expect(to.stdout).toMatch(/^[0-9a-f]{64} {2}-\n$/);
});

test('a first program that fails is told, and so is a second one that reads nothing', async () => {
  const failed = await pipePrograms(['cat', join(folder, 'absent')], ['cat'], { signal: never });
  expect([failed.from.code, failed.from.stderr, failed.to.code]).toEqual([1, expect.stringContaining('No such file'), 0]);
  // It would write for ever.
  const deaf = await pipePrograms(['yes'], ['false'], { signal: never });
  expect([deaf.from.code === 0, deaf.to.code]).toEqual([false, 1]);
});

test('a program that is not there ends the other one', async () => {
  await expect(pipePrograms(['yes'], ['no-such-program'], { signal: never })).rejects.toThrow('ENOENT');
  await expect(pipePrograms(['no-such-program'], ['cat'], { signal: never })).rejects.toThrow('ENOENT');
});

test('both are ended when time is up', async () => {
  const signal = AbortSignal.timeout(300);
  await expect(pipePrograms(['yes'], ['sleep', '600'], { signal })).rejects.toThrow(/timeout/);
});
