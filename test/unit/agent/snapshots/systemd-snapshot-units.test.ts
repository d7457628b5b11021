import { expect, test } from 'vitest';

import { systemdSnapshotUnits } from '../../../../agent/adapters/systemd/systemd-snapshot-units.ts';
import type { ProgramResult } from '../../../../agent/ports/programs.ts';
import type { SnapshotWork } from '../../../../agent/snapshots/work/snapshot-work.ts';
import { parseWork } from '../../../../agent/snapshots/work/work-text.ts';

const WORK: SnapshotWork = { kind: 'prove', id: 'one', by: 'person', snapshot: null, identityFile: '/media/$HOME %n/key.txt' };

/** systemd, with a unit of that name in that state. */
function units(state: string, result: Partial<ProgramResult> = {}) {
  const ran: string[][] = [];
  const own = systemdSnapshotUnits(async (argv) => {
    ran.push([...argv]);
    return argv[0] === 'systemctl' ? { code: 0, stdout: `${state}\n`, stderr: '' } : { code: 0, stdout: '', stderr: '', ...result };
  }, { argv: ['/usr/lib/farrier-agent/1.0/node', '/usr/lib/farrier-agent/1.0/agent.mjs'], stateDir: '/state', configDir: '/config' });
  return { own, ran };
}

test('work runs in a unit that is behind everything else, without the agent\'s own flags, and what it is to do arrives as it was asked', async () => {
  const { own, ran } = units('inactive');
  expect(await own.start(WORK)).toBe('');
  const [argv = []] = ran;
  expect(argv.slice(0, 4)).toEqual(['systemd-run', '--quiet', '--unit=farrier-snapshot.service', '--collect']);
  for (const property of ['IOSchedulingClass=idle', 'MemoryMax=805306368', 'LimitCORE=0', 'UMask=0077', 'KillMode=mixed']) expect(argv).toContain(`--property=${property}`);
  const program = argv.slice(argv.indexOf('--') + 1);
  expect(program.slice(0, -1)).toEqual(['/usr/lib/farrier-agent/1.0/node', '--max-semi-space-size=1', '--disable-sigusr1', '/usr/lib/farrier-agent/1.0/agent.mjs', 'snapshot-work', '--config-dir', '/config', '--state-dir', '/state', '--work']);
  expect(parseWork(program.at(-1) ?? '')).toEqual(WORK);
});

const TAKEN = { code: 1, stderr: 'Failed to start transient service unit: Unit farrier-snapshot.service was already loaded or has a fragment file.\n' };

test('a second one is not begun while one runs', async () => {
  expect(await units('active', TAKEN).own.start(WORK)).toBe('running');
});

test('why systemd does not begin it is told', async () => {
  expect(await units('inactive', { code: 1, stderr: 'Failed to connect to bus: No such file or directory\n' }).own.start(WORK)).toBe('Failed to connect to bus: No such file or directory');
});

test.each([['active', true], ['activating', true], ['deactivating', true], ['inactive', false], ['failed', false], ['', false]])('%s: it runs: %s', async (state, runs) => {
  expect(await units(state).own.isRunning()).toBe(runs);
});
