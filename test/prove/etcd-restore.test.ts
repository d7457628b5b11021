import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { REVISION_BUMP } from '../../shared/domain/steps/restore-specs.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';
import { makeKubeadmCluster } from '../fleet/stand-ins/make-kubeadm-cluster.ts';
import type { EtcdSaw } from './etcd-rows.ts';
import { RestoreStage } from './restore-stage.ts';
import { type ClusterStage, withClusterStage } from './steps/cluster-stage.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the restore of a datastore on real hosts', missing));

const VERSION = '1.33.9';
const PLANES = ['cp1', 'cp2', 'cp3'];
const MANIFESTS = ['etcd.yaml', 'kube-apiserver.yaml', 'kube-controller-manager.yaml', 'kube-scheduler.yaml'];
const OVER_MAX_MS = 6 * 60_000;
const READY_MAX_MS = 180_000;
const TEST_MAX_MS = 15 * 60_000;

describe.skipIf(missing.length > 0)('a datastore of three members on real hosts', { timeout: TEST_MAX_MS }, () => {
  let cluster: ClusterStage;
  let stage: RestoreStage;
  let tearDown: () => void = () => undefined;
  let over: Promise<void>;
  /** Acknowledged when the snapshot was asked for, and when it was there. */
  const written = { before: 0, after: 0 };

  beforeAll(async () => {
    cluster = await new Promise<ClusterStage>((resolve, reject) => {
      const ended = new Promise<void>((end) => {
        tearDown = end;
      });
      over = withClusterStage({ nodes: PLANES, versions: { kubernetes: [VERSION] }, makeCluster: async (fleet) => await makeKubeadmCluster(fleet, { controlPlanes: PLANES, workers: [], version: VERSION }) }, async (made) => {
        resolve(made);
        await ended;
      });
      over.catch(reject);
    });
    stage = new RestoreStage(cluster);
    await stage.prepareKeys();
    await stage.prepareTools();
    const [host] = stage.hosts;
    if (host === undefined) throw new Error('no host');
    for (let key = 0; key < 20; key += 1) await stage.ctl(host, 'put', `/known/${key}`, `value ${key}`);
    const stop = await stage.startWriter(host);
    await cluster.cluster.until(30_000, async () => (written.before = Number((await host.exec(['cat', '/root/written'])).stdout)) > 20);
    await stage.take(host);
    written.after = await stop();
  }, TEST_MAX_MS);

  afterAll(async () => {
    tearDown();
    await over;
  }, TEST_MAX_MS);

  test('a host that cannot be restored: every host has its own data back, and the cluster serves it', async () => {
    const [first, second] = stage.hosts;
    if (first === undefined || second === undefined) throw new Error('no hosts');
    await stage.ctl(first, 'put', '/later', 'than the snapshot');
    // Says its version, and fails at the very moment when it is needed.
    await second.writeFile('/usr/local/sbin/etcdutl', '#!/bin/sh\n[ "$1" = version ] && exec /usr/local/bin/etcdutl version\necho "Error: the disk is broken" >&2\nexit 1\n', 0o755);
    const rollout = await stage.restore('--wait', '60s');
    const shown = await cluster.farrier.waitFor(rollout, ['failed', 'held'], OVER_MAX_MS);
    await cluster.farrier.waitUntilSettled(rollout, OVER_MAX_MS);
    try {
      await cluster.cluster.waitUntilReady(`v${VERSION}`, READY_MAX_MS);
      for (const host of stage.hosts) {
        expect(await stage.dataIn(host), host.name).toEqual(['member']);
        expect(await stage.ctl(host, 'get', '--print-value-only', '/later')).toContain('than the snapshot');
        expect(await stage.manifestsOn(host)).toEqual(MANIFESTS);
      }
    } catch (error) {
      throw new Error(`${String(error)}\n${JSON.stringify(shown, null, 1)}\n${(await Promise.all(stage.hosts.map((host) => stage.tell(host)))).join('\n')}`);
    }
    await second.mustExec(['rm', '/usr/local/sbin/etcdutl']);
    await cluster.farrier.tryFarrier(['rollout', 'abort', rollout, '--why', 'mended']);
  });

  test('wiped on all hosts, it holds every key of the snapshot again', async ({ task }) => {
    for (const host of stage.hosts) await host.mustExec(['sh', '-c', 'rm -rf /var/lib/etcd/member; pkill -KILL -x etcd']);
    const startedMs = performance.now();
    const rollout = await stage.restore('--wait', '3m');
    const shown = await cluster.farrier.waitFor(rollout, ['completed'], OVER_MAX_MS).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${(await Promise.all(stage.hosts.map((host) => stage.tell(host)))).join('\n')}`);
    });
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    await cluster.cluster.waitUntilReady(`v${VERSION}`, READY_MAX_MS);
    expect(shown.nodes.map(({ node }) => node).toSorted()).toEqual(PLANES);

    const hashes: string[] = [];
    const counts: number[] = [];
    for (const host of stage.hosts) {
      for (let key = 0; key < 20; key += 1) expect(await stage.ctl(host, 'get', '--print-value-only', `/known/${key}`)).toBe(`value ${key}\n`);
      const load = (await stage.ctl(host, 'get', '--prefix', '--keys-only', '/load/')).split('\n').filter((line) => line !== '');
      const numbers = load.map((key) => Number(key.slice('/load/'.length))).toSorted((a, b) => a - b);
      // Every write up to some moment of the taking, and none behind it.
      expect(numbers).toEqual(Array.from({ length: numbers.length }, (_none, index) => index));
      expect(numbers.length).toBeGreaterThanOrEqual(written.before);
      expect(numbers.length).toBeLessThanOrEqual(written.after + 1);
      counts.push(numbers.length);
      expect(await stage.ctl(host, 'get', '/later')).toBe('');
      hashes.push(await stage.ctl(host, 'get', '--prefix', '--keys-only', '/known/'));
      // What a wiped member had founded meanwhile lies aside.
      const data = await stage.dataIn(host);
      expect(data, host.name).toContain('member');
      expect(data.filter((name) => name.startsWith('farrier-before-')), host.name).toHaveLength(1);
      expect(await stage.watchFrom(host, 30)).toMatch(/required revision has been compacted/);
      expect(await stage.manifestsOn(host)).toEqual(MANIFESTS);
    }
    expect(new Set(hashes).size).toBe(1);
    expect(new Set(counts).size).toBe(1);
    const status = JSON.parse(await stage.ctl(stage.hosts[0] ?? (() => { throw new Error('no host'); })(), 'endpoint', 'status', '--write-out=json')) as readonly { readonly Status: { readonly header: { readonly revision: number } } }[];
    expect(status[0]?.Status.header.revision).toBeGreaterThan(REVISION_BUMP);
    task.meta.saw = { table: 'restores of a wiped cluster', rows: [{ MEMBERS: stage.hosts.length, 'KEYS OF A WRITER': counts[0] ?? 0, 'SECONDS FROM THE COMMAND': seconds }] } satisfies EtcdSaw;
  });

  test('from the copy that the coordinator keeps, with a power cut of one host in the middle of the switch', async () => {
    const [first, , third] = stage.hosts;
    if (first === undefined || third === undefined) throw new Error('no hosts');
    await stage.ctl(first, 'put', '/second', 'snapshot');
    const id = await stage.takeHere();
    await stage.ctl(first, 'put', '/later', 'than the second');
    const rollout = await stage.restoreId(id, '--wait', '4m');
    // The data before is put aside: between this and the start of etcd nothing but what was fsynced counts.
    await cluster.cluster.until(OVER_MAX_MS, async () => (await third.peek(['ls', '/var/lib/etcd'])).stdout.includes(`farrier-before-${rollout}`), 20);
    await third.powerCut();
    await third.boot();
    await cluster.farrier.waitFor(rollout, ['completed'], OVER_MAX_MS).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${(await Promise.all(stage.hosts.map((host) => stage.tell(host)))).join('\n')}`);
    });
    await cluster.cluster.waitUntilReady(`v${VERSION}`, READY_MAX_MS);
    for (const host of stage.hosts) {
      expect(await stage.ctl(host, 'get', '--print-value-only', '/second')).toBe('snapshot\n');
      expect(await stage.ctl(host, 'get', '/later')).toBe('');
      expect(await stage.dataIn(host), host.name).toEqual(expect.arrayContaining(['member', `farrier-before-${rollout}`]));
      expect(await stage.manifestsOn(host)).toEqual(MANIFESTS);
    }
  });
});
