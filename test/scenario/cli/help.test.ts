import type { Command } from 'commander';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

import { CliContext } from '../../../coordinator/cli/context.ts';
import { EXIT } from '../../../coordinator/cli/exit-code.ts';
import { buildProgram } from '../../../coordinator/cli/program.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { runFarrier, transcriptOf } from '../../support/cli-run.ts';

const MAIN = fileURLToPath(new URL('../../../coordinator/cli/main.ts', import.meta.url));

function leaves(command: Command, path: readonly string[] = []): readonly (readonly string[])[] {
  return command.commands.length === 0 ? [path] : command.commands.flatMap((each) => leaves(each, [...path, each.name()]));
}

const io = { out: () => undefined, err: () => undefined, terminal: null, env: {}, homeDir: '/', clock: systemClock, signal: new AbortController().signal, readStdin: async () => '', askLine: null };
const PROGRAM = buildProgram(new CliContext(io, () => ({})));
const COMMANDS = leaves(PROGRAM);
const GROUPS = PROGRAM.commands.filter((each) => each.commands.length > 0).map((each) => [each.name()]);

test('the commands are those that people were told of', () => {
  expect(COMMANDS.map((path) => path.join(' '))).toEqual([
    'token create',
    'token ls',
    'token revoke',
    'operator create',
    'operator ls',
    'operator remove',
    ...['ls', 'show', 'approve', 'forget', 'remove'].map((verb) => `node ${verb}`),
    ...['get', 'set'].map((verb) => `policy ${verb}`),
    'plan check',
    ...['start', 'watch', 'ls', 'show', 'pause', 'resume', 'abort', 'rollback'].map((verb) => `rollout ${verb}`),
    ...['add', 'ls', 'remove'].map((verb) => `artifact ${verb}`),
    ...['ls', 'take', 'prove', 'report', 'drill', 'restore'].map((verb) => `snapshot ${verb}`),
    'why',
    'audit',
  ]);
});

test.each([[], ...GROUPS, ...COMMANDS].map((path) => [path]))('farrier %j --help shows an example of itself', async (path) => {
  const run = await runFarrier([...path, '--help']);
  expect([run.exitCode, run.stderr]).toEqual([0, []]);
  const text = run.stdout.join('\n');
  expect(text).toContain('--json');
  expect(text.slice(text.indexOf('Example'))).toContain(`  farrier ${path.join(' ')}`.trimEnd());
});

test('every exit code is explained', async () => {
  const text = (await runFarrier(['--help'])).stdout.join('\n');
  for (const code of Object.values(EXIT)) expect(text).toMatch(new RegExp(`^  ${code} `, 'm'));
});

describe('a wrong command line is exit code 2 and nothing else', () => {
  test.each([
    [['nod', 'ls']],
    [['node', 'lss']],
    [['node', 'show']],
    [['node', 'forget', 'edge-1']],
    [['node', 'ls', '--jsn']],
    [['operator', 'create', 'alice', '--role', 'boss']],
    [['token', 'create', '--ttl', '5']],
    [['token', 'create', '--uses', '0']],
    [['token', 'create', '--labels', 'role']],
    [['audit', '--last', 'all']],
    [['node', 'ls', 'extra']],
    [['artifact', 'add']],
    [[]],
  ])('%j', async (argv) => {
    const run = await runFarrier(argv);
    expect([run.exitCode, run.stdout]).toEqual([2, []]);
    expect(run.stderr.length).toBeGreaterThan(0);
    await expect(transcriptOf(argv, run)).toMatchFileSnapshot(`transcripts/usage/${argv.join('_').replaceAll('-', '') || 'nothing'}.txt`);
  });
});

test('the program itself answers, with the exit code of its process', async () => {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [MAIN, 'plan', 'check', '--offline', fileURLToPath(new URL('../../support/plans/containerd.yaml', import.meta.url))]);
  expect(stdout).toContain('the file has no mistakes');
  await expect(run(process.execPath, [MAIN, 'nod'])).rejects.toMatchObject({ code: 2 });
  await expect(run(process.execPath, [MAIN, 'node', 'ls', '--socket', '/nonexistent.sock'])).rejects.toMatchObject({ code: 3, stderr: expect.stringContaining('remedy') as string });
});
