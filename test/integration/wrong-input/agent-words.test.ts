// Words that a verb of farrier-agent does not know are not passed over in silence.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { runProgramText } from '../../support/run-program-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'farrier-words-'));
afterAll(() => rmSync(folder, { recursive: true }));

test.each<[readonly string[], number, RegExp]>([
  [['status', 'extra', 'words'], 2, /extra[^]*Usage: farrier-agent status/],
  [['journal', '--generation', 'abc'], 2, /takes the number of an assignment, not "abc"[^]*Usage: farrier-agent journal/],
  [['journal', '--generation', '9'], 1, /has no record of assignment 9/],
  [['journal', '--help'], 0, /^$/],
  [['snapshot', 'tkae'], 2, /snapshot knows no tkae[^]*Usage: farrier-agent snapshot VERB/],
  [['snapshot', 'take', '--proof'], 2, /--proof[^]*Usage: farrier-agent snapshot take/],
  [['snapshot', 'take', 'now'], 2, /now[^]*Usage: farrier-agent snapshot take/],
  [['snapshot', 'check', '--id', '../../etc/passwd'], 2, /--id takes the id of a snapshot[^]*Usage: farrier-agent snapshot check/],
  [['snapshot-work'], 2, /--work[^]*Usage: farrier-agent snapshot-work/],
  [['snapshot-work', '--work', 'GARBAGE'], 2, /--work[^]*not for people/],
  [['snapshot-work', '--work', Buffer.from('{"kind":"take"}').toString('base64url')], 2, /--work[^]*not for people/],
  [['snapshot', 'prove', '--identity'], 2, /--identity[^]*Usage: farrier-agent snapshot prove/],
])('farrier-agent %j', async (words, code, said) => {
  const { exitCode, stderr } = await runProgramText('agent/main.ts', [...words, '--config-dir', folder, '--state-dir', folder]);
  expect(exitCode).toBe(code);
  expect(stderr).toMatch(said);
});

test.each(['take', 'ls', 'check', 'prove', 'prune'])('farrier-agent snapshot %s --help shows how it is written, with an example', async (verb) => {
  const { exitCode, stdout } = await runProgramText('agent/main.ts', ['snapshot', verb, '--help']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Usage: farrier-agent snapshot ${verb} [^]*--json[^]*\\nExample:\\n  farrier-agent snapshot ${verb}`));
});
