import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { EtcdLook } from '../../shared/domain/etcd-look.ts';
import { type CheckReport, startChecker } from '../fleet/checker.ts';
import { EtcdHosts } from '../fleet/etcd-hosts.ts';
import { buildFarrierPackages } from '../fleet/farrier/build-packages.ts';
import { CONTROL, FarrierFleet } from '../fleet/farrier/farrier-fleet.ts';
import { runProvedCoordinator } from '../fleet/farrier/run-proved-coordinator.ts';
import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import type { Host } from '../fleet/host.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';
import { etcdPrograms } from '../support/etcd-programs.ts';
import type { EtcdSaw } from './etcd-rows.ts';
import { readJournal } from './host-journal.ts';
import { rollBack } from './proof-stage.ts';
import { say } from './say.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the upgrade of etcd on real hosts', missing));

const NEW = '3.5.16';
const QUOTA_BYTES = 16 * 2 ** 20;
const NODES = ['etcd-1', 'etcd-2', 'etcd-3'];
const ROLLOUT_MAX_MS = 8 * 60_000;
const TEST_MAX_MS = 12 * 60_000;
/** A look at each member every ten seconds, and some time for the coordinator to hear of it. */
const KNOWN_WITHIN_MS = 40_000;
/** Of a member that is away: long enough for slots to be granted that should not. */
const WATCHED_MS = 30_000;

/** What limits how many go at once is the quorum alone. */
const POLICY = 'apiVersion: farrier/v1\nkind: FleetPolicy\nspec:\n  maxUnavailable: { fleet: 3, perCluster: 3, perZone: 3 }\n  lostAfter: 20s\n';

describe.skipIf(missing.length > 0)('three members of etcd 3.4 on hosts, under a writer', { timeout: TEST_MAX_MS }, () => {
  let fleet: Fleet;
  let farrier: FarrierFleet;
  let etcd: EtcdHosts;
  let old: string;
  let plan: string;

  beforeAll(async () => {
    const packages = await buildFarrierPackages();
    const [before, { etcd: next }] = [await etcdPrograms('bookworm'), await etcdPrograms('trixie')];
    old = before.etcd;
    fleet = await bootFleet({ hosts: [CONTROL, ...NODES].map((name) => ({ name })), label: 'etcd', onProgress: say });
    farrier = new FarrierFleet(fleet, packages);
    await farrier.installCoordinator();
    await runProvedCoordinator(farrier.control);
    await farrier.putPolicy(POLICY);
    await farrier.control.copyIn(next, '/root/etcd');
    await farrier.farrier(['artifact', 'add', '/root/etcd', '--name', `etcd-${NEW}`]);
    const sha256 = createHash('sha256').update(readFileSync(next)).digest('hex');
    plan = `apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: etcd }\nspec:\n  maxUnavailable: 3\n  steps:\n    - etcdUpgrade: { version: ${NEW}, binary: { sha256: ${sha256}, size: ${statSync(next).size} }, crossesMinor: true }\n`;
    etcd = await EtcdHosts.make(fleet, farrier.nodes, before.etcdctl);
    await etcd.form(old);
    const enrollment = await farrier.createToken({}, 'ledger');
    await Promise.all(farrier.nodes.map(async (host) => {
      await farrier.installAgent(host, enrollment);
      await host.mustExec(['sync']);
    }));
    await farrier.waitForSessions();
  });

  afterAll(async () => {
    await fleet?.tearDown();
  });

  test('a rolling upgrade: one member away at a time, and no acknowledged write is lost', async ({ task }) => {
    await seen(({ trouble, members }) => trouble === '' && members.every(({ answers }) => answers));
    const checker = watch();
    const finish = etcd.startWriter();
    const rollout = await farrier.start(plan);
    await farrier.waitFor(rollout, ['completed'], ROLLOUT_MAX_MS);
    const [report, written] = [await checker.stop(), await finish()];
    task.meta.saw = row('rolling, nothing goes wrong', report, written);
    expect(await etcd.versions()).toEqual([NEW, NEW, NEW]);
    await expect.poll(() => etcd.clusterVersion(), { timeout: 30_000 }).toBe('3.5.0');
    expect(report.greatestAtOnce.all.possible).toBe(1);
    expect(report.intervals.length).toBeGreaterThanOrEqual(3);
    expect(written.acknowledged).toBeGreaterThan(500);
    expect(Object.values(written.missing)).toEqual([0, 0, 0]);
  });

  test('nothing goes back once all members run the new minor, and no host is held for it', async () => {
    const [upgrade] = await rollouts();
    const back = await rollBack(farrier, upgrade?.id ?? '');
    await expect.poll(async () => (await readJournal(etcd.hosts[0] as Host)).at(-1)?.outcome?.code, { timeout: 120_000 }).toBe('nothing-to-revert');
    await farrier.farrier(['rollout', 'abort', back]);
    await expect.poll(async () => (await rollouts()).map(({ status }) => status), { timeout: 60_000 }).not.toContain('running');
    expect(await etcd.versions()).toEqual([NEW, NEW, NEW]);
  });

  test('a member whose host loses its power in mid-upgrade, and comes back', async ({ task }) => {
    await formAnew();
    const checker = watch();
    const finish = etcd.startWriter();
    const rollout = await farrier.start(plan);
    const hit = await upgrading();
    await hit.powerCut();
    await sleep(5_000);
    await hit.boot();
    await farrier.waitFor(rollout, ['completed'], ROLLOUT_MAX_MS);
    const [report, written] = [await checker.stop(), await finish()];
    task.meta.saw = row(`power cut of ${hit.name} in mid-upgrade`, report, written);
    expect(await etcd.versions()).toEqual([NEW, NEW, NEW]);
    expect(report.greatestAtOnce.all.possible).toBe(1);
    expect(Object.values(written.missing)).toEqual([0, 0, 0]);
  });

  test('while a member is away nobody else gets a slot; when it is back the rollout goes on by itself', async ({ task }) => {
    await formAnew();
    const away = etcd.hosts[2] as Host;
    await away.crash();
    await expect.poll(async () => (await sessions())[away.name], { timeout: KNOWN_WITHIN_MS }).not.toBe('connected');
    const checker = watch();
    const finish = etcd.startWriter();
    const rollout = await farrier.start(plan);
    await sleep(WATCHED_MS);
    const others = checker.report().intervals.filter(({ host }) => host !== away.name);
    const why = await farrier.farrier(['why', 'etcd-1']);
    await away.boot();
    await farrier.waitFor(rollout, ['completed'], ROLLOUT_MAX_MS);
    const [report, written] = [await checker.stop(), await finish()];
    task.meta.saw = row(`${away.name} crashed, and back after the start`, report, written);
    expect(others).toEqual([]);
    expect(why).toMatch(/quorum/);
    expect(await etcd.versions()).toEqual([NEW, NEW, NEW]);
    expect(report.greatestAtOnce.all.possible).toBe(1);
    expect(Object.values(written.missing)).toEqual([0, 0, 0]);
  });

  test('a cluster in alarm NOSPACE is brought out of it by a plan, and whose member leads goes last', async ({ task }) => {
    await formAnew({ QUOTA_BACKEND_BYTES: String(QUOTA_BYTES) });
    await etcd.fillUp();
    await seen(({ alarms }) => alarms.length > 0);
    expect((await farrier.check(plan)).findings.join('\n')).toContain('etcd has alarm no-space; clear what raised it first');
    const leader = await leading();
    const checker = watch();
    const rollout = await farrier.start('apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: space }\nspec:\n  maxUnavailable: 3\n  steps:\n    - etcdDisarm: { keepRevisions: 0 }\n');
    await farrier.waitFor(rollout, ['completed'], ROLLOUT_MAX_MS);
    const finish = etcd.startWriter();
    await sleep(3_000);
    const [report, written] = [await checker.stop(), await finish()];
    task.meta.saw = row('out of alarm NOSPACE', report, written);
    const begun = await Promise.all(etcd.hosts.map(async (host) => ({ name: host.name, at: (await readJournal(host)).findLast(({ kind }) => kind === 'begin')?.wallUnixMs ?? 0 })));
    expect(begun.toSorted((a, b) => a.at - b.at).at(-1)?.name).toBe(leader);
    expect(report.intervals).toEqual([]);
    expect(written.acknowledged).toBeGreaterThan(50);
    expect(Object.values(written.missing)).toEqual([0, 0, 0]);
    await seen(({ alarms, dbBytes }) => alarms.length === 0 && dbBytes < QUOTA_BYTES);
  });

  function watch(): ReturnType<typeof startChecker> {
    return startChecker({ hosts: etcd.hosts, faults: fleet.faults, units: ['etcd.service'] });
  }

  async function rollouts(): Promise<readonly { readonly id: string; readonly status: string }[]> {
    return (JSON.parse(await farrier.farrier(['rollout', 'ls', '--json'])) as { readonly rollouts: readonly { readonly id: string; readonly status: string }[] }).rollouts;
  }

  async function sessions(): Promise<Readonly<Record<string, string>>> {
    const { nodes } = JSON.parse(await farrier.farrier(['node', 'ls', '--json'])) as { readonly nodes: readonly { readonly name: string; readonly session: string }[] };
    return Object.fromEntries(nodes.map(({ name, session }) => [name, session]));
  }

  /** The old version again, with nothing in it, and every agent knows. */
  async function formAnew(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    await etcd.form(old, settings);
    await seen(({ trouble, version, members }) => trouble === '' && version === '3.4.23' && members.every(({ answers }) => answers));
  }

  async function looksNow(): Promise<readonly (EtcdLook | null)[]> {
    return await Promise.all(etcd.hosts.map(async ({ name }) => (JSON.parse(await farrier.farrier(['node', 'show', name, '--json'])) as { readonly facts: { readonly etcdMember: EtcdLook | null } | null }).facts?.etcdMember ?? null));
  }

  async function leading(): Promise<string> {
    const looks = await looksNow();
    return etcd.hosts[looks.findIndex((look) => look?.isLeader === true)]?.name ?? 'nobody leads';
  }

  /** Until every agent told so of its member. */
  async function seen(is: (look: EtcdLook) => boolean): Promise<void> {
    for (const untilMs = performance.now() + KNOWN_WITHIN_MS; ; await sleep(1_000)) {
      const looks = await looksNow();
      if (looks.every((look) => look !== null && is(look))) return;
      if (performance.now() > untilMs) throw new Error(`what agents see of their members: ${JSON.stringify(looks)}`);
    }
  }

  /** The first host whose agent is about to put the new version in its place, or has just begun to. */
  async function upgrading(): Promise<Host> {
    const before = new Map(await Promise.all(etcd.hosts.map(async (host) => [host.name, (await readJournal(host)).length] as const)));
    for (const untilMs = performance.now() + 120_000; performance.now() < untilMs; await sleep(50)) {
      for (const host of etcd.hosts) {
        const records = (await readJournal(host)).slice(before.get(host.name));
        if (records.some(({ kind }) => kind === 'prior')) return host;
      }
    }
    throw new Error('no host began');
  }

  function row(run: string, { greatestAtOnce, intervals, longestGapMs }: CheckReport, written: Awaited<ReturnType<ReturnType<EtcdHosts['startWriter']>>>): EtcdSaw {
    return {
      table: 'etcd upgraded under a writer',
      rows: [{ RUN: run, 'AWAY AT ONCE': greatestAtOnce.all.possible, 'TIMES AWAY': intervals.length, 'LOOKED EVERY': `${Math.round(longestGapMs)} ms at most`, ACKNOWLEDGED: written.acknowledged, LOST: Object.values(written.missing).reduce((sum, one) => sum + one, 0), 'LONGEST PAUSE': `${written.longestPauseMs} ms` }],
    };
  }
});
