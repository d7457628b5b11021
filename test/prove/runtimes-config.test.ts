import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { socketCri } from '../../agent/adapters/runtimes/socket-cri.ts';
import type { Cri } from '../../agent/ports/cri.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { ContainerdSettings, ContainerdSpec } from '../../shared/domain/steps/containerd-spec.ts';
import { cellName, CONTAINERD_CELLS, CONTAINERD_HOSTS, CONTAINERD_SUITES, type ContainerdCell, containerdHost, type ContainerdMinor, containerdRepository, prepareContainerd } from '../fleet/containerd-host.ts';
import { findContainer, isSameContainerRunning, type RunningContainer, startContainer } from '../fleet/container-image.ts';
import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import type { Host } from '../fleet/host.ts';
import { codeFor, LonelyHost, told } from '../fleet/lonely-host.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';
import { PAUSE, writeRuntimeImage } from '../fleet/runtime-images.ts';
import { containerdRuntime, containerdSettings } from '../support/containerd-settings.ts';
import { criDowntime } from './cri-downtime.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the configuration of containerd on real hosts', missing));

const MINORS = Object.keys(CONTAINERD_SUITES) as ContainerdMinor[];
const CONFIG = '/etc/containerd/config.toml';

const CRUN: Partial<ContainerdSettings> = { runtimes: [containerdRuntime('crun')] };
const REGISTRY: Partial<ContainerdSettings> = { registry: { configPath: '/etc/containerd/certs.d', hosts: [{ host: 'docker.io', server: null, mirrors: [{ url: 'https://cache.site:5000', capabilities: ['pull', 'resolve'], ca: null, skipVerify: false, overridePath: false }] }] } };
const RESTARTS = 9;
/** To look at the host takes its time too. */
const SELDOM_MS = 3000;
/** Of the time that a bare restart takes. */
const DOWNTIME_MAX = 1.2;

describe.skipIf(missing.length > 0)('the configuration of containerd on real hosts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-runtimes-'));
  let fleet: Fleet;
  const generations = new Map<string, number>();
  const versions = new Map<string, string>();

  beforeAll(async () => {
    const pause = await writeRuntimeImage(folder, 'pause');
    fleet = await bootFleet({ hosts: CONTAINERD_CELLS.map((cell) => containerdHost(cellName(cell), cell.suite)), aptRepository: await containerdRepository(folder), sharedFolders: codeFor(folder), onProgress: console.log });
    for (const cell of CONTAINERD_CELLS) {
      const host = fleet.host(cellName(cell));
      versions.set(cellName(cell), await prepareContainerd(host, cell.minor, pause.path));
      await host.writeFile('/etc/farrier/sources.d/lab.list', 'deb [trusted=yes] file:/srv/repo ./\n');
      await startContainer(host, 'before', PAUSE);
      console.log(`${cellName(cell)}: containerd ${versions.get(cellName(cell))}, ${(await host.mustExec(['runc', '--version'])).split('\n')[0]}, ${(await host.mustExec(['crun', '--version'])).split('\n')[0]}`);
    }
  }, 15 * 60_000);

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  const hostOf = (cell: ContainerdCell): Host => fleet.host(cellName(cell));
  const criOf = (cell: ContainerdCell): Cri => socketCri(`/proc/${hostOf(cell).leader?.pid}/root/run/containerd/containerd.sock`);
  const never = new AbortController().signal;
  const configure = (change: Partial<ContainerdSettings>, action: ContainerdSpec['action'] = 'configure', name = 'containerd'): ContainerdSpec => ({ kind: 'containerd', name, timeoutMs: 120_000, action, settings: containerdSettings(change), looks: 3, lookIntervalMs: 300 });

  async function play(cell: ContainerdCell, what: readonly StepSpec[] | number, pollMs?: number): Promise<string> {
    const generation = (generations.get(cellName(cell)) ?? 0) + 1;
    generations.set(cellName(cell), generation);
    return told(await new LonelyHost(hostOf(cell), pollMs).whole(generation, what, 180_000));
  }
  const last = (cell: ContainerdCell): number => generations.get(cellName(cell)) ?? 0;
  /** Content, mode, owner and name of all that lies there. */
  const filesOf = (cell: ContainerdCell): Promise<string> => hostOf(cell).mustExec(['sh', '-c', 'cd /etc/containerd && find . -exec stat --format="%n %a %u:%g %F" {} + | sort && find . -type f -exec sha256sum {} + | sort -k2']);
  async function running(cell: ContainerdCell): Promise<RunningContainer> {
    const found = await findContainer(hostOf(cell), 'before');
    if (found === null) throw new Error(`the container of ${cellName(cell)} is gone`);
    return found;
  }

  interface Change {
    readonly what: string;
    readonly settings: Partial<ContainerdSettings>;
    readonly shows: Readonly<Record<string, unknown>>;
    readonly usesCrun: boolean;
  }
  const CHANGES: readonly Change[] = [
    { what: 'add crun', settings: CRUN, shows: { handlers: ['crun', 'runc'], defaultHandler: 'runc' }, usesCrun: true },
    { what: 'make crun the default', settings: { ...CRUN, defaultRuntime: 'crun' }, shows: { handlers: ['crun', 'runc'], defaultHandler: 'crun' }, usesCrun: true },
    { what: 'registry hosts', settings: REGISTRY, shows: { handlers: ['runc'] }, usesCrun: false },
    { what: 'another sandbox image', settings: { sandboxImage: 'site.example:5000/pause:3.10' }, shows: { handlers: ['runc'] }, usesCrun: false },
  ];
  const cells = CONTAINERD_CELLS.flatMap((cell) => CHANGES.map((change) => ({ ...cell, ...change, cell })));

  test.each(cells)('containerd $minor of $suite: $what, with a container that runs before, during and after; and back', async ({ cell, settings, shows, usesCrun }) => {
    const before = await filesOf(cell);
    const container = await running(cell);
    const end = await play(cell, [configure(settings)]);
    if (usesCrun && !cell.crunRuns) {
      console.log(`n/a: crun with containerd ${cell.minor} on ${cell.suite}: refused, as ${end}`);
      expect(end).toMatch(/^refused config-refused .*crun-too-old: /);
      expect(await filesOf(cell)).toBe(before);
      return;
    }
    expect(end).toMatch(/^done ok/);
    expect(await criOf(cell).look(never)).toMatchObject({ reached: true, ready: true, ...shows });
    expect(isSameContainerRunning(hostOf(cell), container)).toBe(true);
    await startContainer(hostOf(cell), 'during', PAUSE);
    expect(await filesOf(cell)).not.toBe(before);
    expect(await play(cell, last(cell))).toMatch(/^done ok/);
    expect(await filesOf(cell)).toBe(before);
    expect(await criOf(cell).look(never)).toMatchObject({ reached: true, ready: true, handlers: ['runc'], defaultHandler: 'runc' });
    expect(isSameContainerRunning(hostOf(cell), container)).toBe(true);
    expect(await findContainer(hostOf(cell), 'during')).not.toBeNull();
    await hostOf(cell).mustExec(['ctr', '--namespace', 'k8s.io', 'tasks', 'delete', '--force', 'during']);
    await hostOf(cell).mustExec(['ctr', '--namespace', 'k8s.io', 'containers', 'delete', 'during']);
  });

  test('cells that cannot be are few, and known', () => {
    expect(cells.filter(({ usesCrun, crunRuns }) => usesCrun && !crunRuns)).toHaveLength(4);
  });

  test.each(CONTAINERD_CELLS)('containerd $minor of $suite: a draft that it cannot take changes nothing', async (cell) => {
    const before = await filesOf(cell);
    const container = await running(cell);
    const unit = await hostOf(cell).mustExec(['systemctl', 'show', '--property=MainPID', 'containerd.service']);
    expect(await play(cell, [configure({ runtimes: [containerdRuntime('none')] })])).toMatch(/^refused config-refused .*runtime-missing: /);
    expect(await play(cell, [configure({ defaultRuntime: 'nobody' })])).toMatch(/^refused config-refused .*default-runtime-missing: /);
    expect(await filesOf(cell)).toBe(before);
    expect(await hostOf(cell).mustExec(['systemctl', 'show', '--property=MainPID', 'containerd.service'])).toBe(unit);
    expect(isSameContainerRunning(hostOf(cell), container)).toBe(true);
  });

  const upgrades = CONTAINERD_CELLS.filter(({ suite, minor }) => CONTAINERD_HOSTS[suite].minors.some((other) => MINORS.indexOf(other) === MINORS.indexOf(minor) + 1));
  test.each(upgrades)('containerd $minor of $suite is upgraded to the next, and back', { timeout: 10 * 60_000 }, async (cell) => {
    const host = hostOf(cell);
    const next = MINORS[MINORS.indexOf(cell.minor) + 1] ?? '';
    const target = (await host.mustExec(['sh', '-c', `dpkg-deb --field /srv/repo/containerd_"${next}"*.deb Version`])).trim();
    // As people wrote them before 2020, and as Docker's packages still do: no version, short names.
    const own = (await host.readFile(CONFIG)).toString();
    const old = own.replace('version = 2\n', '# ours\n').replaceAll('"io.containerd.grpc.v1.cri"', 'cri');
    await host.writeFile(CONFIG, old);
    await host.mustExec(['systemctl', 'restart', 'containerd.service']);
    const before = await filesOf(cell);
    const container = await running(cell);
    const from = (versions.get(cellName(cell)) ?? '').replace(/~.*$/, '');
    const crossesMajor = next.startsWith('2.');
    const end = await play(cell, [
      ...(crossesMajor ? [configure({ alsoFor: target }, 'configure', 'before')] : []),
      configure({}, 'guard', 'guard'),
      { kind: 'packages', name: 'packages', timeoutMs: 180_000, install: [{ name: 'containerd', version: target }], sources: ['lab'], conffiles: 'keep' },
      configure({ alsoFor: from, systemdCgroup: false }),
    ]);
    expect(end).toMatch(/^done ok/);
    expect(await criOf(cell).look(never)).toMatchObject({ reached: true, ready: true, version: expect.stringContaining(`${next}.`) });
    expect((await host.readFile(CONFIG)).toString().includes('version = 2')).toBe(crossesMajor);
    expect(isSameContainerRunning(host, container)).toBe(true);
    expect(await play(cell, last(cell))).toMatch(/^done ok/);
    expect(await filesOf(cell)).toBe(before);
    expect(await criOf(cell).look(never)).toMatchObject({ reached: true, ready: true, version: expect.stringContaining(`${cell.minor}.`) });
    expect(isSameContainerRunning(host, container)).toBe(true);
    await host.writeFile(CONFIG, own);
    await host.mustExec(['systemctl', 'restart', 'containerd.service']);
  });

  test.each(CONTAINERD_CELLS)('containerd $minor of $suite: CRI is away no longer than in a bare restart', { timeout: 10 * 60_000 }, async (cell) => {
    const bare: number[] = [];
    const ours: number[] = [];
    for (let run = 0; run < RESTARTS; run += 1) {
      bare.push(await criDowntime(criOf(cell), async () => void (await hostOf(cell).mustExec(['systemctl', 'restart', 'containerd.service']))));
      ours.push(await criDowntime(criOf(cell), async () => expect(await play(cell, [configure({ sandboxImage: `site.example:5000/pause:${run}` })], SELDOM_MS)).toMatch(/^done ok/)));
    }
    const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
    console.log(`${cellName(cell)}: CRI away ${median(ours).toFixed(0)} ms in the step, ${median(bare).toFixed(0)} ms in a bare restart (medians of ${RESTARTS}; ${ours.map((ms) => ms.toFixed(0)).join(' ')} / ${bare.map((ms) => ms.toFixed(0)).join(' ')})`);
    expect(median(ours)).toBeLessThanOrEqual(median(bare) * DOWNTIME_MAX);
  });
});
