import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import { readJournal } from '../prove/host-journal.ts';
import { writeAptRepository } from './apt-repository.ts';
import { makeServiceDeb } from './deb-package.ts';
import { buildFarrierPackages } from './farrier/build-packages.ts';
import { CONTROL, FarrierFleet } from './farrier/farrier-fleet.ts';
import { bootFleet, type Fleet } from './fleet.ts';
import type { Host } from './host.ts';
import { codeFor, LonelyHost } from './lonely-host.ts';
import { missingParts, notChecked } from './missing-parts.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the watchdog on real hosts', missing));

const NODES = ['alone', 'booted', 'crashed'] as const;
const PATIENCE_MS = 120_000;
/** From the deadline to the first record of going back: the timer's period, its accuracy, and the start of a work unit. */
const CAUGHT_MAX_MS = 40_000;
/** From the start of what crashes to the old version in service; its proof of ten looks a second apart comes after that. */
const START_TO_REVERTED_MAX_MS = 30_000;

/** hoofd 2.0 works, 3.0 hangs while it is configured, 4.0 crashes 5 s after its start; nail hangs too. */
const STEPS = {
  alone: ['packages: { install: { hoofd: "3.0" }, sources: [local] }', 'service: { restart: hoofd.service, looks: 3 }'],
  booted: ['packages: { install: { hoofd: "2.0" }, sources: [local] }', 'reboot: {}', 'packages: { install: { nail: "5" }, sources: [local] }'],
  crashed: ['packages: { install: { hoofd: "4.0" }, sources: [local] }', 'service: { restart: hoofd.service }'],
} as const;

describe.skipIf(missing.length > 0)('with nobody to ask', () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-watchdog-'));
  let fleet: Fleet;
  let old: ReadonlyMap<string, string>;

  beforeAll(async () => {
    const packages = await buildFarrierPackages();
    const debs = await Promise.all([
      makeServiceDeb(folder, { name: 'hoofd', version: '1.0' }),
      makeServiceDeb(folder, { name: 'hoofd', version: '2.0' }),
      makeServiceDeb(folder, { name: 'hoofd', version: '3.0', postinst: 'hangs' }),
      makeServiceDeb(folder, { name: 'hoofd', version: '4.0', service: { crashesAfterS: 5 } }),
      makeServiceDeb(folder, { name: 'nail', version: '5', postinst: 'hangs' }),
    ]);
    await writeAptRepository(join(folder, 'repository'), debs);
    const hosts = [CONTROL, ...NODES, 'held'].map((name) => ({ name }));
    fleet = await bootFleet({ hosts, aptRepository: join(folder, 'repository'), sharedFolders: codeFor(folder), label: 'watchdog' });
    const farrier = new FarrierFleet(fleet, packages);
    await farrier.installCoordinator();
    await farrier.putPolicy(`apiVersion: farrier/v1\nkind: FleetPolicy\nspec: { maxUnavailable: { fleet: ${NODES.length} } }\n`);
    await Promise.all(NODES.map(async (name) => {
      const host = fleet.host(name);
      await host.mustExec(['dpkg', '--install', '/srv/repo/hoofd_1.0_all.deb']);
      await farrier.installAgent(host, await farrier.createToken({ test: name }));
      await host.mustExec(['systemctl', 'enable', '--quiet', 'farrier-agent.service']);
    }));
    old = new Map(await Promise.all(NODES.map(async (name) => [name, await factsOf(fleet.host(name))] as const)));
    for (const name of NODES) await farrier.start(planOf(name));
    await Promise.all(NODES.map((name) => recorded(fleet.host(name), 'begin')));
    await fleet.host(CONTROL).powerCut();
  });

  afterAll(async () => {
    await fleet.tearDown();
    rmSync(folder, { recursive: true });
  });

  test.concurrent('a version that crashes 5 s after its start is put back in under 30 s', async () => {
    const host = fleet.host('crashed');
    const end = await recorded(host, 'reverted');
    const lines = (await host.mustExec(['journalctl', '--unit=hoofd.service', '--output=short-unix', '--no-pager'])).split('\n');
    const isStart = (line: string): boolean => line.includes('Started hoofd.service');
    const exit = lines.findIndex((line) => /Main process exited, code=exited, status=1\b/.test(line));
    const started = secondsOf(lines.slice(0, exit).findLast(isStart));
    const [toCrash, toService, toReverted] = [secondsOf(lines[exit]), secondsOf(lines.findLast(isStart)), end.wallUnixMs / 1000].map((at) => at - started);
    console.log(`from the start of the new version, by the host's own journals, the coordinator powered off: ${toCrash?.toFixed(1)} s to its crash, ${toService?.toFixed(1)} s to the old version in service, ${toReverted?.toFixed(1)} s to the proof that this stays up`);
    expect(toCrash).toBeGreaterThan(4);
    expect(toService).toBeGreaterThan(toCrash ?? Infinity);
    expect((toService ?? Infinity) * 1000).toBeLessThan(START_TO_REVERTED_MAX_MS);
    expect(end.outcome?.code).toBe('unit-crashed');
    expect(await factsOf(host)).toBe(old.get('crashed'));
    expect(await deadlinesOn(host)).toBe('');
  });

  test.concurrent('an apply that hangs in a work unit that stands still is put back, the agent stopped and gone from PATH', async () => {
    const host = fleet.host('alone');
    await recorded(host, 'prior packages');
    await host.mustExec(['systemctl', 'disable', '--quiet', '--now', 'farrier-agent.service']);
    await host.mustExec(['mv', '/usr/bin/farrier-agent', '/root/']);
    await host.mustExec(['sh', '-c', 'systemctl kill --kill-whom=main --signal=SIGSTOP "farrier-assignment-*-activate.service"']);
    await isCaught(host, 'alone', await passDeadline(host));
  });

  test.concurrent('a deadline outlives a reboot, and what was booted into is booted out of', async () => {
    const host = fleet.host('booted');
    await recorded(host, 'prior packages-2');
    expect(host.bootCount).toBe(2);
    await isCaught(host, 'booted', await passDeadline(host));
    expect(host.bootCount).toBe(3);
  });

  test.concurrent('past the point of no return it holds', async () => {
    const held = new LonelyHost(fleet.host('held'));
    await held.prepare();
    await held.startWatchdog();
    const restart = { kind: 'service', unit: 'hoofd.service', action: 'restart', lookIntervalMs: 1_000, timeoutMs: 300_000 } as const;
    await held.stage(1, { steps: [{ ...restart, name: 'no return', looks: 1 }, { ...restart, name: 'long', looks: 100 }], silenceMs: 3_000 });
    await held.agent('permit', '1');
    await held.until(1, ({ kinds }) => kinds.includes('applied(1)'));
    const look = await held.until(1, ({ end, running }) => end !== null && !running);
    expect([look.end?.kind, look.end?.outcome.code]).toEqual(['needs-a-person', 'past-no-return']);
    expect(look.end?.outcome.message).toMatch(/^went-silent/);
    expect(look.kinds.filter((kind) => kind.startsWith('revert'))).toEqual([]);
    expect(await held.host.mustExec(['ls', '/var/lib/lonely-agent/watchdog'])).toBe('');
  });

  async function isCaught(host: Host, name: (typeof NODES)[number], deadlineUnixMs: number): Promise<void> {
    const caught = await recorded(host, 'reverting', 'went-silent');
    const tookMs = caught.wallUnixMs - deadlineUnixMs;
    console.log(`${name}: going back ${(tookMs / 1000).toFixed(1)} s after the deadline`);
    expect(tookMs).toBeLessThan(CAUGHT_MAX_MS);
    const end = await recorded(host, 'reverted');
    expect(end.outcome?.code).toBe('went-silent');
    expect(await factsOf(host)).toBe(old.get(name));
    expect(await deadlinesOn(host)).toBe('');
  }
});

function planOf(name: (typeof NODES)[number]): string {
  return `apiVersion: farrier/v1
kind: Plan
metadata: { name: ${name} }
spec:
  select: { labels: { test: ${name} } }
  onSilence: revert
  silence: 10m
  steps:
${STEPS[name].map((step) => `    - ${step}\n`).join('')}`;
}

/** Waits for a record such as `begin`, `prior packages` or the whole sequence's `reverted`. A host on its way up is waited for. */
async function recorded(host: Host, label: string, code?: string): Promise<JournalRecord> {
  const [kind, stepName = ''] = label.split(' ');
  const fits = (record: JournalRecord): boolean =>
    record.kind === kind && (stepName === '' ? kind !== 'reverted' || record.step < 0 : record.stepName === stepName) && (code === undefined || record.outcome?.code === code);
  for (const untilMs = performance.now() + PATIENCE_MS; performance.now() < untilMs; await sleep(200)) {
    const found = host.isUp() ? (await readJournal(host).catch(() => [])).find(fits) : undefined;
    if (found !== undefined) return found;
  }
  const records = (await readJournal(host)).map((record) => `${record.kind} ${record.stepName} ${record.outcome?.code ?? ''}`);
  throw new Error(`${host.name} never came to ${label}: ${records.join(', ')}\n${(await host.exec(['journalctl', '--no-pager', '--lines=40', '--unit=farrier-*'])).stdout}`);
}

/** The plan's silence is over in a second: only the file says when, as it does across boots. @returns when. */
async function passDeadline(host: Host): Promise<number> {
  const deadlineUnixMs = Date.now() + 1_000;
  await host.mustExec(['sh', '-c', `for file in /var/lib/farrier-agent/watchdog/*; do test -e "$file" && echo ${deadlineUnixMs} > "$file"; done`]);
  return deadlineUnixMs;
}

async function deadlinesOn(host: Host): Promise<string> {
  return await host.mustExec(['ls', '/var/lib/farrier-agent/watchdog']);
}

async function factsOf(host: Host): Promise<string> {
  return await host.mustExec(['sh', '-c', [
    "dpkg-query --show --showformat='${Package} ${Version} ${Status}\\n'",
    'dpkg --audit; apt-mark showhold; apt-mark showauto | grep hoofd',
    'systemctl show --property=ActiveState,UnitFileState,Description hoofd.service',
    'find /usr/lib/hoofd /lib/systemd/system/hoofd.service -type f -exec sha256sum {} + | sort -k2',
  ].join('; ')]);
}

function secondsOf(line: string | undefined): number {
  return Number(/^(\d+\.\d+)/.exec(line ?? '')?.[1]);
}
