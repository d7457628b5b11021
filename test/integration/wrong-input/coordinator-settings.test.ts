import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { type ProgramText, runProgramText } from '../../support/run-program-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'farrier-settings-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function coordinator(...words: readonly string[]): Promise<ProgramText> {
  return await runProgramText('coordinator/main.ts', words);
}

test.each([[['run', '--speed', '3']], [['runn']], [['restore']]])('farrier-coordinator %j is no command: 2', async (words) => {
  expect((await coordinator(...words)).exitCode).toBe(2);
});

test('settings that cannot be: 2, which systemd does not try again', async () => {
  writeFileSync(join(folder, 'coordinator.yaml'), 'listen: 7443\n');
  expect(await coordinator('run', '--config-dir', folder)).toEqual({ stdout: '', stderr: `farrier-coordinator: ${folder}/coordinator.yaml: \`listen\` must be host:port\n`, exitCode: 2 });
});

test('what was asked for is no mistake', async () => {
  expect((await coordinator('--version')).exitCode).toBe(0);
});
