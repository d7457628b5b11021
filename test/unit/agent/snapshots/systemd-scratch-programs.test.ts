import { expect, test } from 'vitest';

import { systemdScratchPrograms } from '../../../../agent/adapters/scratch-programs/systemd-scratch-programs.ts';
import type { RunProgram } from '../../../../agent/ports/programs.ts';

const never = new AbortController().signal;

function recorder(left = ''): { readonly run: RunProgram; readonly ran: string[][] } {
  const ran: string[][] = [];
  return { ran, run: async (argv) => { ran.push([...argv]); return { code: 0, stdout: argv.includes('list-units') ? left : '', stderr: '' }; } };
}

test('a program runs in a unit of its own that reaches nobody, writes only into its folder, and ends by itself', async () => {
  const { run, ran } = recorder();
  const programs = systemdScratchPrograms(run, 1_000_000);
  await programs.start(['/tools/etcd', '--name', 'a b'], { folder: '/var/lib/farrier/scratch', maxMs: 90_500 }, never).ended;
  await programs.start(['/tools/etcd'], { folder: '/var/lib/farrier/scratch', maxMs: 1 }, never).ended;
  const [first = [], second = []] = ran;
  expect(first.slice(0, 5)).toEqual(['systemd-run', '--quiet', '--pipe', '--wait', '--collect']);
  expect(first.slice(first.indexOf('--'))).toEqual(['--', '/tools/etcd', '--name', 'a b']);
  for (const property of ['PrivateNetwork=yes', 'PrivateTmp=yes', 'ProtectSystem=strict', 'ReadWritePaths=/var/lib/farrier/scratch', 'WorkingDirectory=/var/lib/farrier/scratch', 'RuntimeMaxSec=91', 'MemoryMax=1000000', 'CPUWeight=1', 'IOSchedulingClass=idle']) {
    expect(first).toContain(`--property=${property}`);
  }
  const unitOf = (argv: readonly string[]): string | undefined => argv.find((argument) => argument.startsWith('--unit='));
  expect(unitOf(first)).toMatch(/^--unit=farrier-proof-[0-9a-f]{16}-\d+-1$/);
  expect(unitOf(second)).not.toBe(unitOf(first));
});

test('all units of that folder are killed, those of a proof that died too, and what stays is told', async () => {
  const { run, ran } = recorder();
  const programs = systemdScratchPrograms(run, 1);
  await programs.start(['/tools/etcd'], { folder: '/scratch', maxMs: 1 }, never).ended;
  expect(await programs.endAll('/scratch')).toBe('');
  expect(await programs.endAll('/another')).toBe('');
  const [started = [], kill = [], stop = [], , another = []] = ran;
  const pattern = kill.at(-1) ?? '';
  expect([kill, stop]).toEqual([['systemctl', 'kill', '--signal=SIGKILL', pattern], ['systemctl', 'stop', pattern]]);
  expect(pattern).toMatch(/^farrier-proof-[0-9a-f]{16}-\*\.service$/);
  expect(started).toContainEqual(expect.stringContaining(pattern.slice(0, -'*.service'.length)));
  expect(another.at(-1)).not.toBe(pattern);
  expect(await systemdScratchPrograms(recorder('farrier-proof-7-1.service loaded deactivating').run, 1).endAll('/scratch')).toContain('farrier-proof-7-1.service');
});
