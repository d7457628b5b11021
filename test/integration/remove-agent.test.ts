// What happens to the agent while its package is removed in the middle of an assignment; systemctl is a stand-in here.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const PRERM = readFileSync(fileURLToPath(new URL('../../systemd/package/agent/prerm', import.meta.url)), 'utf8');

/** Notes what it is told; a look at the units finds what the next line of `looks` says, and nothing after the last. */
const SYSTEMCTL = `#!/bin/sh
if [ "$1" = list-units ]; then
  if [ "$(sed -n 1p ROOT/looks)" = busy ]; then echo 'farrier-assignment-4-activate.service loaded active running'; fi
  sed -i 1d ROOT/looks
else
  echo "$*" >> ROOT/told
fi
`;

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'farrier-prerm-'));
  for (const folder of ['run/systemd/system', 'var/lib/farrier-agent', 'usr/lib/farrier-agent', 'bin']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'bin/systemctl'), SYSTEMCTL.replaceAll('ROOT', root), { mode: 0o755 });
  writeFileSync(join(root, 'bin/sleep'), `#!/bin/sh\necho "sleep $1" >> ${root}/told\n`, { mode: 0o755 });
  writeFileSync(join(root, 'told'), '');
});
afterEach(() => rmSync(root, { recursive: true }));

function remove(...looks: readonly ('busy' | 'idle')[]): { readonly exitCode: number | null; readonly told: readonly string[]; readonly said: string } {
  writeFileSync(join(root, 'looks'), looks.map((look) => `${look}\n`).join(''));
  const script = PRERM.replaceAll(/\/(?=(?:run\/systemd|var\/lib|usr\/lib)\/)/g, `${root}/`);
  const { status, stderr } = spawnSync('sh', ['-s', 'remove'], { input: script, encoding: 'utf8', env: { PATH: `${join(root, 'bin')}:${process.env['PATH'] ?? ''}`, FARRIER_REMOVE_WAIT_S: '3' } });
  return { exitCode: status, told: readFileSync(join(root, 'told'), 'utf8').trim().split('\n'), said: stderr };
}

const END = ['stop farrier-agent.service', 'stop farrier-agent-watchdog.timer farrier-agent-watchdog.service', 'stop farrier-snapshot.service'];

test('an idle host: it is stopped without a word', () => {
  expect(remove()).toEqual({ exitCode: 0, told: END, said: '' });
});

test('work is waited for with the agent up, which then has time to report', () => {
  const { exitCode, told, said } = remove('busy', 'busy', 'idle');
  expect({ exitCode, told }).toEqual({ exitCode: 0, told: ['sleep 1', 'sleep 1', 'sleep 3', ...END] });
  expect(said).toMatch(/waiting up to 3 s[^]*farrier node forget NODE/);
});

test('what begins in the last moment is waited for as well, and reported', () => {
  expect(remove('idle', 'busy', 'busy').told).toEqual(['stop farrier-agent.service', 'start farrier-agent.service', 'sleep 1', 'sleep 1', 'sleep 3', ...END]);
});

test('work that does not end: the package stays, and the agent was never stopped', () => {
  const { exitCode, told, said } = remove(...Array.from({ length: 9 }, () => 'busy' as const));
  expect({ exitCode, told }).toEqual({ exitCode: 1, told: ['sleep 1', 'sleep 1', 'sleep 1'] });
  expect(said).toContain('not removed: farrier-assignment-4-activate.service is changing this host');
});

test('a change that nobody has confirmed is waited for like work', () => {
  mkdirSync(join(root, 'var/lib/farrier-agent/watchdog'));
  writeFileSync(join(root, 'var/lib/farrier-agent/watchdog/7'), '');
  expect(remove()).toMatchObject({ exitCode: 1, told: ['sleep 1', 'sleep 1', 'sleep 1'] });
});
