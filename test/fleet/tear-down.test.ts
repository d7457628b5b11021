import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootFleet } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import { findLeaderInCgroup } from './find-leader.ts';
import { missingParts, notChecked } from './missing-parts.ts';
import { identify, isAlive } from './process-identity.ts';
import { loopDevicesOf, sweep } from './remove-run.ts';
import { isLiving, listRuns } from './run-record.ts';
import type { RunRecord } from './run-record.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('that a fleet leaves nothing on the machine', missing));

/** What a run has on this machine, as the kernel tells it. */
function tracesOf(run: RunRecord, namespaces: ReadonlySet<string>): readonly string[] {
  return [
    ...(existsSync(run.folder) ? [`folder ${run.folder}`] : []),
    ...loopDevicesOf(run.folder),
    ...run.cgroups.filter((folder) => existsSync(folder)),
    ...(run.holder !== null && isAlive(run.holder) ? ['holder'] : []),
    ...readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(run.folder)),
    ...everyProcess().filter(({ links }) => links.some((link) => namespaces.has(link))).map(({ pid }) => `process ${pid} in a namespace of the fleet`),
  ];
}

/** Without zombies: those run nothing and wait for their parent alone. */
function everyProcess(): readonly { readonly pid: number; readonly links: readonly string[] }[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => identify(pid) !== null).map((pid) => ({ pid, links: namespacesOf(pid) }));
}

function namespacesOf(pid: number): readonly string[] {
  return ['mnt', 'net', 'pid'].flatMap((kind) => {
    try {
      return [readlinkSync(`/proc/${pid}/ns/${kind}`)];
    } catch {
      return [];
    }
  });
}

/** Those of the holder and the hosts that this test's own process is not in. */
function namespacesOfRun(run: RunRecord): ReadonlySet<string> {
  const own = new Set(namespacesOf(process.pid));
  const pids = [run.holder?.pid, ...run.hosts.map(({ cgroup }) => findLeaderInCgroup(cgroup)?.pid)];
  return new Set(pids.flatMap((pid) => (pid === undefined ? [] : namespacesOf(pid))).filter((link) => !own.has(link)));
}

function recordOf(matches: (run: RunRecord) => boolean): RunRecord {
  const run = listRuns().find(matches);
  if (run === undefined) throw new Error('no such run');
  return run;
}

describe.skipIf(missing.length > 0)('what a fleet leaves behind', () => {
  let bystander: Fleet;
  const machineMounts = readFileSync('/proc/self/mountinfo', 'utf8');
  const machineNamespaces = existsSync('/run/netns') ? readdirSync('/run/netns') : [];

  beforeAll(async () => {
    bystander = await bootFleet({ hosts: [{ name: 'bystander' }], onProgress: console.log });
  });

  afterAll(() => bystander.tearDown());

  /** A fleet of one host in a process of its own, to be ended by a signal. */
  async function fleetElsewhere(): Promise<{ readonly run: RunRecord; readonly end: (signal: NodeJS.Signals) => Promise<void> }> {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'cli.ts'), 'up', '1'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise<void>((resolve) => { child.once('exit', () => resolve()); });
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => { if (chunk.includes('host1')) resolve(); });
      child.once('exit', (code) => reject(new Error(`the fleet elsewhere ended with ${code}`)));
    });
    return {
      run: recordOf(({ owner }) => owner.pid === child.pid),
      end: async (signal) => {
        child.kill(signal);
        await ended;
      },
    };
  }

  it('nothing after tearDown, also with a host frozen, one off and a process in the switch', async () => {
    const fleet = await bootFleet({ hosts: [{ name: 'one' }, { name: 'two' }, { name: 'three' }] });
    const run = recordOf(({ runId }) => runId === fleet.runId);
    const namespaces = namespacesOfRun(run);
    expect(namespaces.size).toBe(2 + 3 * 3);
    expect(tracesOf(run, namespaces).length).toBeGreaterThan(5);
    fleet.spawnInSwitch(['sh', '-c', 'sleep 600 & sleep 600'], { stdio: 'ignore' });
    await fleet.host('one').freeze();
    await fleet.host('two').crash();
    await fleet.tearDown();
    await fleet.tearDown();
    expect(tracesOf(run, namespaces)).toEqual([]);
  });

  it('nothing when the fleet could not be made', async () => {
    const ownRuns = (): readonly RunRecord[] => listRuns().filter(({ owner }) => owner.pid === process.pid);
    const before = ownRuns().map(({ runId }) => runId);
    expect(before).toEqual([bystander.runId]);
    await expect(bootFleet({ hosts: [{ name: 'ok' }, { name: 'small', diskMiB: 1 }] })).rejects.toThrow();
    expect(ownRuns().map(({ runId }) => runId)).toEqual(before);
    expect(ownRuns().flatMap(({ folder }) => loopDevicesOf(folder))).toHaveLength(1);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('nothing after its owner got %s', async (signal) => {
    const { run, end } = await fleetElsewhere();
    const namespaces = namespacesOfRun(run);
    expect(namespaces.size).toBe(2 + 3);
    await end(signal);
    expect(tracesOf(run, namespaces)).toEqual([]);
  });

  it('no process or mount after its owner was killed; sweep removes the rest and no living fleet', async () => {
    const { run, end } = await fleetElsewhere();
    const namespaces = namespacesOfRun(run);
    await end('SIGKILL');
    expect(isLiving(run)).toBe(false);
    await expect.poll(() => tracesOf(run, namespaces).filter((trace) => trace.startsWith('process') || trace.startsWith('/dev/loop')), { timeout: 10_000 }).toEqual([]);
    expect(sweep()).toContain(run.runId);
    expect(tracesOf(run, namespaces)).toEqual([]);
    expect(bystander.host('bystander').isUp()).toBe(true);
    expect((await bystander.host('bystander').exec(['true'])).exitCode).toBe(0);
  });

  it('the machine itself saw no mount and no named network namespace of any fleet', () => {
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).toBe(machineMounts);
    expect(existsSync('/run/netns') ? readdirSync('/run/netns') : []).toEqual(machineNamespaces);
  });
});
