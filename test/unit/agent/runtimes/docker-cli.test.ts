import { expect, test } from 'vitest';

import { dockerCli } from '../../../../agent/adapters/runtimes/docker-cli.ts';
import type { ProgramResult } from '../../../../agent/ports/programs.ts';

const { signal } = new AbortController();
const said = (stdout: string, code = 0): ProgramResult => ({ code, stdout, stderr: '' });

function docker(answers: Readonly<Record<string, ProgramResult>>) {
  return dockerCli(async (argv) => answers[argv[1] ?? ''] ?? Promise.reject(new Error('spawn docker ENOENT')));
}

test('shows what runs, whose it is, and whether it comes back', async () => {
  const shown = '/k8s_web_x\t\tuid-1\n/registry\talways\t\n/proxy\tunless-stopped\t\n/build\ton-failure\t\n/shell\tno\t\n';
  expect(await docker({ info: said('true\n'), ps: said('1\n2\n3\n4\n5\n'), container: said(shown) }).look(signal)).toEqual({
    liveRestore: true,
    running: [
      { name: 'k8s_web_x', isKubernetes: true, restarts: false },
      { name: 'registry', isKubernetes: false, restarts: true },
      { name: 'proxy', isKubernetes: false, restarts: true },
      { name: 'build', isKubernetes: false, restarts: false },
      { name: 'shell', isKubernetes: false, restarts: false },
    ],
  });
});

test('nothing runs', async () => {
  expect(await docker({ info: said('false\n'), ps: said('\n') }).look(signal)).toEqual({ liveRestore: false, running: [] });
});

test('no docker, or one that is down, is none', async () => {
  expect(await docker({}).look(signal)).toBeNull();
  expect(await docker({ info: said('', 1), ps: said('', 1) }).look(signal)).toBeNull();
});

test('a container that ends in between is no reason to say that nothing runs', async () => {
  await expect(docker({ info: said('false\n'), ps: said('1\n'), container: said('', 1) }).look(signal)).rejects.toThrow(/does not show/);
});
