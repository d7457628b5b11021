import { mkdtemp, readFile, rm, stat, writeFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { OperatorFile, writeOperatorFile } from '../../coordinator/cli/connection/operator-file.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { runFarrier, type CliRun } from '../support/cli-run.ts';
import { RunningCoordinator } from '../support/running-coordinator.ts';

let coordinator: RunningCoordinator;
let folder: string;

beforeAll(async () => {
  coordinator = await RunningCoordinator.start();
  folder = await mkdtemp(join(tmpdir(), 'farrier-operator-'));
});
afterAll(async () => {
  await coordinator.destroy();
  await rm(folder, { recursive: true, force: true });
});

async function farrier(argv: readonly string[], home = folder): Promise<CliRun> {
  return await runFarrier(argv, { clock: systemClock, homeDir: home });
}

async function createOperator(name: string, role: string): Promise<string> {
  const file = join(folder, `${name}.json`);
  const run = await farrier(['operator', 'create', name, '--role', role, '--out', file, '--socket', coordinator.settings.adminSocket]);
  expect(run).toMatchObject({ exitCode: 0, stderr: [] });
  return file;
}

describe('an operator file', () => {
  test('is readable by its owner only, and its key was made here', async () => {
    const file = await createOperator('ann', 'admin');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ name: 'ann', role: 'admin', fleet: 'test', server: coordinator.settings.listen.replace('127.0.0.1', 'localhost') });
  });

  test('opens the coordinator over mutual TLS', async () => {
    const file = await createOperator('bob', 'viewer');
    expect(await farrier(['node', 'ls', '--operator', file])).toMatchObject({ exitCode: 0 });
  });

  test('is found at its usual place', async () => {
    const home = join(folder, 'home');
    const run = await farrier(['operator', 'create', 'dora', '--role', 'viewer', '--socket', coordinator.settings.adminSocket], home);
    expect(run.exitCode).toBe(0);
    expect(await farrier(['rollout', 'ls'], home)).toMatchObject({ exitCode: 0 });
  });

  test('is never overwritten, and the certificate before stays good', async () => {
    const file = await createOperator('eve', 'viewer');
    const run = await farrier(['operator', 'create', 'eve', '--role', 'viewer', '--out', file, '--socket', coordinator.settings.adminSocket]);
    expect(run.exitCode).toBe(1);
    expect(await farrier(['node', 'ls', '--operator', file])).toMatchObject({ exitCode: 0 });
  });

  test('that appears while the certificate is made is not overwritten either', async () => {
    const path = join(folder, 'race.json');
    await writeFile(path, 'mine');
    const file = OperatorFile.parse(JSON.parse(await readFile(await createOperator('race1', 'viewer'), 'utf8')));
    await expect(writeOperatorFile(path, file)).rejects.toThrow('it exists already');
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  test('allows no more than its role', async () => {
    const file = await createOperator('carl', 'viewer');
    const run = await farrier(['token', 'create', '--operator', file]);
    expect(run.exitCode).toBe(3);
    expect(run.stderr.join('\n')).toMatch(/carl is viewer, and this needs admin[^]*remedy: ask an admin/);
  });

  test('that others can read is not used', async () => {
    const file = await createOperator('fay', 'viewer');
    await chmod(file, 0o644);
    const run = await farrier(['node', 'ls', '--operator', file]);
    expect(run.exitCode).toBe(3);
    expect(run.stderr.join('\n')).toContain(`chmod 600 ${file}`);
  });

  test('whose name got another one is refused by its certificate', async () => {
    const file = await createOperator('gus', 'viewer');
    await rm(join(folder, 'gus2.json'), { force: true });
    await farrier(['operator', 'create', 'gus', '--role', 'viewer', '--out', join(folder, 'gus2.json'), '--socket', coordinator.settings.adminSocket]);
    const run = await farrier(['node', 'ls', '--operator', file]);
    expect(run.exitCode).toBe(3);
    expect(run.stderr.join('\n')).toContain('does not accept this operator');
  });
});

test('an operator whose file is lost is removed, and refused from then on', async () => {
  const socket = ['--socket', coordinator.settings.adminSocket];
  const file = await createOperator('zoe', 'viewer');
  expect((await farrier(['operator', 'ls', '--operator', file])).stdout.join('\n')).toMatch(/zoe +viewer/u);
  expect((await farrier(['operator', 'remove', 'gus', '--why', 'left', '--operator', file])).exitCode).toBe(3);
  expect((await farrier(['operator', 'remove', 'zoe', '--why', 'lost her laptop', ...socket])).exitCode).toBe(0);
  expect((await farrier(['operator', 'ls', ...socket])).stdout.join('\n')).not.toContain('zoe');
  expect((await farrier(['node', 'ls', '--operator', file])).exitCode).toBe(3);
  expect((await farrier(['operator', 'remove', 'zoe', '--why', 'again', ...socket])).stderr.join('\n')).toContain('no operator is called zoe');
  expect((await farrier(['audit', '--last', '4', ...socket])).stdout.join('\n')).toMatch(/operator remove +zoe +ok +lost her laptop/u);
});

describe('what stands in the way is named with its remedy', () => {
  async function changed(name: string, change: (file: Record<string, string>) => Record<string, string>): Promise<string> {
    const path = join(folder, `${name}-changed.json`);
    const original = JSON.parse(await readFile(await createOperator(name, 'viewer'), 'utf8')) as Record<string, string>;
    await writeFile(path, JSON.stringify(change(original)), { mode: 0o600 });
    return path;
  }

  test('a coordinator of another fleet', async () => {
    const other = await RunningCoordinator.start();
    try {
      const file = await createOperator('hal', 'viewer');
      const run = await farrier(['node', 'ls', '--operator', file, '--server', other.settings.listen.replace('127.0.0.1', 'localhost')]);
      expect(run.exitCode).toBe(3);
      expect(run.stderr.join('\n')).toMatch(/another CA[^]*remedy/);
    } finally {
      await other.destroy();
    }
  });

  test('a certificate of another fleet', async () => {
    const other = await RunningCoordinator.start();
    try {
      const path = join(folder, 'foreign.json');
      await farrier(['operator', 'create', 'ida', '--role', 'admin', '--out', path, '--socket', other.settings.adminSocket]);
      const own = JSON.parse(await readFile(await createOperator('ivo', 'viewer'), 'utf8')) as Record<string, string>;
      const foreign = JSON.parse(await readFile(path, 'utf8')) as Record<string, string>;
      await writeFile(path, JSON.stringify({ ...foreign, caPem: own['caPem'], server: own['server'] }), { mode: 0o600 });
      const run = await farrier(['node', 'ls', '--operator', path]);
      expect(run.exitCode).toBe(3);
      expect(run.stderr.join('\n')).toMatch(/refuses this certificate[^]*remedy/);
    } finally {
      await other.destroy();
    }
  });

  test('the name of another server', async () => {
    const file = await createOperator('jan', 'viewer');
    const port = coordinator.settings.listen.split(':')[1] ?? '';
    const run = await farrier(['node', 'ls', '--operator', file, '--server', `127.0.0.2:${port}`]);
    expect(run.exitCode).toBe(3);
    expect(run.stderr.join('\n')).toContain('remedy');
  });

  test('nobody who listens', async () => {
    const file = await changed('kim', (own) => ({ ...own, server: 'localhost:1' }));
    const run = await farrier(['node', 'ls', '--operator', file]);
    expect(run.exitCode).toBe(3);
    expect(run.stderr.join('\n')).toMatch(/does not answer \(connection refused\)[^]*remedy/);
  });

  test('a file that is no operator file', async () => {
    const path = join(folder, 'empty.json');
    await writeFile(path, '{}', { mode: 0o600 });
    expect(await farrier(['node', 'ls', '--operator', path])).toMatchObject({ exitCode: 3 });
    expect(await farrier(['node', 'ls', '--operator', join(folder, 'nowhere.json')])).toMatchObject({ exitCode: 3 });
  });

  test('a certificate that has expired', async () => {
    const file = await createOperator('lea', 'viewer');
    const run = await runFarrier(['node', 'ls', '--operator', file], { clock: { ...systemClock, wallUnixMs: () => Date.now() + 100 * 365 * 86_400_000 } });
    expect(run.exitCode).toBe(3);
    expect(run.stderr.join('\n')).toContain('expired on');
  });

  test('no way at all', async () => {
    const run = await farrier(['node', 'ls'], join(folder, 'nobody'));
    expect(run.exitCode).toBe(3);
    expect(run.stderr.join('\n')).toMatch(/no way to a coordinator[^]*systemctl enable --now farrier-coordinator/);
  });
});

test('what is written is what is read: a policy goes there and back', async () => {
  const socket = ['--socket', coordinator.settings.adminSocket];
  const before = await farrier(['policy', 'get', ...socket]);
  const path = join(folder, 'policy.yaml');
  await writeFile(path, before.stdout.join('\n'));
  expect(await farrier(['policy', 'set', path, ...socket])).toMatchObject({ exitCode: 0, stderr: [] });
  // It says which version it was made from: whoever was slower overwrites nobody.
  expect((await farrier(['policy', 'set', path, ...socket])).stderr.join(' ')).toMatch(/the policy is at version 1, not 0.*farrier policy get/u);
  await writeFile(path, (await farrier(['policy', 'get', ...socket])).stdout.join('\n'));
  expect(await farrier(['policy', 'set', path, ...socket])).toMatchObject({ exitCode: 0, stderr: [] });
  expect((await farrier(['policy', 'get', ...socket])).stdout[0]).toBe('# version 2');
  const audit = await farrier(['audit', ...socket]);
  expect(audit.stdout.filter((line) => line.includes('policy set')).map((line) => / (ok|refused)/u.exec(line)?.[1])).toEqual(['ok', 'refused', 'ok']);
});
