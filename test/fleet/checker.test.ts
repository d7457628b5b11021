import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChecker } from './checker.ts';
import type { Checker } from './checker.ts';
import { importImage, startContainer, writeBusyboxImage } from './container-image.ts';
import { bootFleet } from './fleet.ts';
import type { Fleet } from './fleet.ts';
import type { Host } from './host.ts';
import { missingParts, notChecked } from './missing-parts.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the outside checker on real hosts', missing));

const intervalMs = 100;

describe.skipIf(missing.length > 0)('the outside checker', () => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await bootFleet({ hosts: [{ name: 'a' }, { name: 'b' }, { name: 'c' }], onProgress: console.log });
  });

  afterAll(() => fleet.tearDown());

  async function watch(during: (checker: Checker) => Promise<void>): ReturnType<Checker['stop']> {
    const checker = startChecker({ hosts: fleet.hosts, faults: fleet.faults, intervalMs });
    await sleep(2 * intervalMs);
    await during(checker);
    await sleep(3 * intervalMs);
    return checker.stop();
  }

  function assign(host: Host, number: number, ...argv: readonly string[]): Promise<string> {
    return host.mustExec(['systemd-run', '--wait', '--quiet', '--collect', `--unit=farrier-assignment-${number}`, ...argv]);
  }

  const restart = ['systemctl', 'restart', 'containerd.service'];

  it('sees nothing where nothing happens', async () => {
    const report = await watch(() => sleep(1000));
    expect(report.intervals).toEqual([]);
    expect(report.greatestAtOnce.all).toEqual({ certain: 0, possible: 0 });
    expect(report.lookCount).toBeGreaterThan(3 * 8);
  });

  it('tells restarts one right after the other from restarts at once, however short', async () => {
    const inTurn = await watch(async () => {
      for (const host of fleet.hosts) await assign(host, 1, ...restart);
    });
    expect(inTurn.intervals.map(({ host, attribution }) => [host, attribution.blame])).toEqual([['a', 'ours'], ['b', 'ours'], ['c', 'ours']]);
    expect(inTurn.greatestAtOnce.ours).toEqual({ certain: 1, possible: 1 });
    const atOnce = await watch(async () => {
      await Promise.all(fleet.hosts.map((host) => assign(host, 2, 'sh', '-c', 'systemctl stop containerd.service; sleep 0.5; systemctl start containerd.service')));
    });
    expect(atOnce.greatestAtOnce.ours).toEqual({ certain: 3, possible: 3 });
    expect(atOnce.intervals.every(({ from, until }) => from.earliestMs === from.latestMs && until?.earliestMs === until?.latestMs)).toBe(true);
  });

  it('blames nobody else for what nothing explains', async () => {
    const report = await watch(async () => { await fleet.host('a').mustExec(restart); });
    expect(report.intervals.map(({ attribution }) => attribution.blame)).toEqual(['unexplained']);
    expect(report.greatestAtOnce).toEqual({ all: { certain: 1, possible: 1 }, ours: { certain: 0, possible: 0 }, oursOrUnexplained: { certain: 1, possible: 1 } });
  });

  it('sees a service that is killed and started again by systemd', async () => {
    const report = await watch(async () => { await fleet.host('b').mustExec(['systemctl', 'kill', '--signal=KILL', '--kill-whom=main', 'containerd.service']); await sleep(6000); });
    expect(report.intervals.map(({ host }) => host)).toEqual(['b']);
    expect(report.intervals[0]?.until).not.toBeNull();
  });

  it('does not count faults of the harness as ours, but a reboot by an assignment', async () => {
    const report = await watch(async () => {
      const [a, b, c] = [fleet.host('a'), fleet.host('b'), fleet.host('c')];
      await a.crash();
      await b.freeze();
      await c.partition();
      await sleep(3 * intervalMs);
      await c.heal();
      await b.thaw();
      await a.boot();
      await sleep(5 * intervalMs);
      await c.mustExec(['systemd-run', '--quiet', '--unit=farrier-assignment-3', 'sh', '-c', 'sleep 0.3; systemctl reboot']);
      while (c.bootCount === 1) await sleep(intervalMs);
      await c.waitUntilUp();
    });
    // Looks order the three faults no better than by their interval: by host, then by time.
    const inOrder = report.intervals.toSorted((one, other) => one.host.localeCompare(other.host));
    expect(inOrder.map(({ host, causes, attribution }) => [host, causes[0], attribution.blame])).toEqual([
      ['a', 'host down', 'fault'], ['b', 'frozen', 'fault'], ['c', 'cut off', 'fault'], ['c', expect.any(String), 'ours'],
    ]);
    expect(report.greatestAtOnce.all.certain).toBe(3);
    expect(report.greatestAtOnce.oursOrUnexplained).toEqual({ certain: 1, possible: 1 });
  });

  it('sees a container that is gone or replaced, not one that outlives its containerd', async () => {
    const host = fleet.host('a');
    await importImage(host, await writeBusyboxImage(join(fleet.folder, 'image.tar')));
    const container = await startContainer(host, 'shoe');
    const report = await watch(async (checker) => {
      checker.watchContainer('a', container);
      await host.mustExec(restart);
      await sleep(5 * intervalMs);
      await host.mustExec(['ctr', '--namespace', 'k8s.io', 'tasks', 'kill', '--signal', 'KILL', 'shoe']);
    });
    expect(report.intervals.map(({ causes }) => causes)).toEqual([[expect.stringMatching(/^containerd.service /)], ['container shoe gone']]);
    expect(report.intervals[1]?.until).toBeNull();
  });
});
