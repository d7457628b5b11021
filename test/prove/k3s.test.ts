import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import { hostState } from '../fleet/host-state.ts';
import { K3sHost } from '../fleet/k3s-host.ts';
import { codeFor } from '../fleet/lonely-host.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';
import { type KubernetesCluster, tellStandIn } from '../fleet/stand-ins/kubernetes-cluster.ts';
import { makeK3sCluster } from '../fleet/stand-ins/make-k3s-cluster.ts';
import { packStandIns, type StandIns } from '../fleet/stand-ins/pack-stand-ins.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('upgrades of K3s on real hosts', missing));

const OLD = 'v1.33.9+k3s1';
const PATCH = 'v1.33.10+k3s1';
const CRASHING = 'v1.33.11+k3s1';
const MINOR = 'v1.34.1+k3s1';
const REVERTED_WITHIN_MS = 30_000;

describe.skipIf(missing.length > 0)('K3s on real hosts, with no coordinator', () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-k3s-fleet-'));
  let fleet: Fleet;
  let standIns: StandIns;
  let cluster: KubernetesCluster;
  let server: K3sHost;
  let agent: K3sHost;

  beforeAll(async () => {
    standIns = await packStandIns(folder, { k3s: [OLD, PATCH, CRASHING, MINOR] });
    fleet = await bootFleet({ hosts: [{ name: 'ks1' }, { name: 'ka1' }], aptRepository: standIns.aptRepository, sharedFolders: { ...standIns.sharedFolders, ...codeFor(folder) }, onProgress: console.log });
    const labels = ['--node-label', 'site=barn'];
    cluster = await makeK3sCluster(fleet, standIns, { server: 'ks1', agents: ['ka1'], version: OLD, serverArgs: ['--write-kubeconfig-mode', '640', ...labels], agentArgs: labels });
    server = new K3sHost(fleet.host('ks1'), 'server', standIns);
    agent = new K3sHost(fleet.host('ka1'), 'agent', standIns);
    await server.host.writeFile('/etc/rancher/k3s/config.yaml', 'disable: [traefik]\n');
  });

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a patch is upgraded to and back, and unit, environment and configuration are never touched', async () => {
    const both = [server, agent];
    const untouched = await Promise.all(both.map((host) => host.untouched()));
    const installed = await Promise.all(both.map(({ host }) => hostState(host)));
    const up = await Promise.all(both.map(async (host) => host.whole(1, await host.upgradeTo(PATCH))));
    expect(up.map(({ end }) => end?.outcome)).toMatchObject([{ code: 'ok' }, { code: 'ok' }]);
    expect(await cluster.versions()).toEqual({ ks1: PATCH, ka1: PATCH });
    expect(await server.host.readFile('/usr/local/bin/k3s.prev')).toEqual(readFileSync(standIns.k3s(OLD)));
    expect(await server.host.mustExec(['journalctl', '--unit=k3s', '--no-pager', '--output=cat'])).toContain('images/k3s-airgap-images-amd64.tar');
    expect(await Promise.all(both.map((host) => host.untouched()))).toEqual(untouched);

    const back = await Promise.all(both.map((host) => host.whole(2, 1)));
    expect(back.map(({ end }) => end?.outcome)).toMatchObject([{ code: 'ok' }, { code: 'ok' }]);
    expect(await cluster.versions()).toEqual({ ks1: OLD, ka1: OLD });
    expect(await Promise.all(both.map(({ host }) => hostState(host)))).toEqual(installed);
    expect(await Promise.all(both.map((host) => host.untouched()))).toEqual(untouched);
  });

  test('a server that crashes 5 s after its start is reverted in under 30 s, while an agent gets over a power cut', async () => {
    const installed = await hostState(server.host);
    await tellStandIn(server.host, 'k3s', [{ at: 'serving', how: 'crash', afterMs: 5_000, version: CRASHING }]);
    const cut = powerCutInUpgrade();
    await server.stage(3, await server.upgradeTo(CRASHING));
    await server.agent('permit', '3');
    await server.until(3, ({ kinds }) => kinds.includes('prior(0)'));
    const began = performance.now();
    const look = await server.over(3);
    expect(performance.now() - began).toBeLessThan(REVERTED_WITHIN_MS);
    expect([look.end?.kind, look.end?.outcome.code]).toEqual(['reverted', 'unit-crashed']);
    expect(await hostState(server.host)).toBe(installed);
    expect((await cut).end?.kind).toBe('done');
    await cluster.until(30_000, async () => JSON.stringify(await cluster.versions()) === JSON.stringify({ ka1: PATCH, ks1: OLD }));
  });

  test('a server whose first start of a new minor fails is held past its point of no return', async () => {
    await tellStandIn(server.host, 'k3s', [{ at: 'serving', how: 'crash', version: MINOR }]);
    const look = await server.whole(4, await server.upgradeTo(MINOR, true));
    expect([look.end?.kind, look.end?.outcome.code]).toEqual(['needs-a-person', 'past-no-return']);
    expect(look.kinds.filter((kind) => kind === 'begin(0)')).toHaveLength(2);
    expect(look.kinds.filter((kind) => kind.startsWith('revert'))).toEqual([]);
    expect(await server.host.mustExec(['k3s', '--version'])).toContain(MINOR);
  });

  /** Cut right after the host said that what revert needs is kept: somewhere in the placing of files. */
  async function powerCutInUpgrade() {
    await agent.stage(3, await agent.upgradeTo(PATCH));
    await agent.agent('permit', '3');
    await agent.until(3, ({ kinds }) => kinds.includes('prior(0)'));
    await sleep(200);
    await agent.host.powerCut();
    await agent.host.boot();
    await agent.agent('drive');
    return agent.over(3);
  }
});
