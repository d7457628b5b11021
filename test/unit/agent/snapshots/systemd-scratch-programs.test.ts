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
  expect(unitOf(first)).toMatch(/^--unit=farrier-proof-\d+-1$/);
  expect(unitOf(second)).not.toBe(unitOf(first));
});

test('all units of proofs are killed, those of a proof that died too, and what stays is told', async () => {
  const { run, ran } = recorder();
  expect(await systemdScratchPrograms(run, 1).endAll('/scratch')).toBe('');
  expect(ran.slice(0, 2)).toEqual([['systemctl', 'kill', '--signal=SIGKILL', 'farrier-proof-*.service'], ['systemctl', 'stop', 'farrier-proof-*.service']]);
  expect(await systemdScratchPrograms(recorder('farrier-proof-7-1.service loaded deactivating').run, 1).endAll('/scratch')).toContain('farrier-proof-7-1.service');
});
