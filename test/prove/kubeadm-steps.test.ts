import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { StepSpec } from '../../shared/domain/step-spec.ts';
import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import { hostState } from '../fleet/host-state.ts';
import { upgradeNodeTo } from '../fleet/kubeadm-node.ts';
import { codeFor, type Look, LonelyHost } from '../fleet/lonely-host.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';
import { type KubernetesCluster, tellStandIn } from '../fleet/stand-ins/kubernetes-cluster.ts';
import { makeKubeadmCluster } from '../fleet/stand-ins/make-kubeadm-cluster.ts';
import { packStandIns } from '../fleet/stand-ins/pack-stand-ins.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the steps of a control plane of kubeadm on a real host', missing));

const OLD = '1.33.9';
const NEW = '1.34.1';
const OVER_MAX_MS = 240_000;
const LOOKS = { looks: 11, lookIntervalMs: 1000, timeoutMs: 90_000 } as const;

describe.skipIf(missing.length > 0)('a control plane of kubeadm', () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-kubeadm-'));
  let fleet: Fleet;
  let cluster: KubernetesCluster;
  let plane: LonelyHost;
  let generation = 0;

  beforeAll(async () => {
    const standIns = await packStandIns(folder, { kubernetes: [OLD, NEW] });
    fleet = await bootFleet({ hosts: [{ name: 'cp' }], aptRepository: standIns.aptRepository, sharedFolders: { ...standIns.sharedFolders, ...codeFor(folder) }, onProgress: console.log });
    cluster = await makeKubeadmCluster(fleet, { controlPlanes: ['cp'], workers: [], version: OLD });
    plane = new LonelyHost(fleet.host('cp'));
    await plane.prepareSource();
  }, 10 * 60_000);

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  async function whole(what: readonly StepSpec[] | number): Promise<Look> {
    generation += 1;
    const staged = await plane.stage(generation, what);
    if (staged.end !== null) return staged;
    await plane.agent('permit', String(generation));
    return plane.until(generation, ({ running, end }) => !running && end !== null, OVER_MAX_MS);
  }

  test('certificates are renewed with all that uses them, and put back with all that used them', async () => {
    const before = await hostState(plane.host);
    const expiry = async (): Promise<string> => plane.host.mustExec(['sh', '-c', 'for f in apiserver etcd/server; do openssl x509 -noout -serial -in /etc/kubernetes/pki/$f.crt; done']);
    const old = await expiry();
    const running = async (): Promise<string> => plane.host.mustExec(['sh', '-c', 'for p in etcd kube-apiserver kube-scheduler; do systemctl show --property=MainPID pod-$p-cp.service; done']);
    const pids = await running();
    const renew: StepSpec = { kind: 'kubeadm_certs', name: 'certs', timeoutMs: 180_000, renew: [], whenUnderDays: 3650 };
    expect(await whole([renew])).toMatchObject({ end: { kind: 'done' } });
    expect(await expiry()).not.toBe(old);
    const renewed = await running();
    expect(renewed.split('\n').filter((line, index) => line !== '' && line === pids.split('\n')[index])).toEqual([]);
    expect(await whole(generation)).toMatchObject({ end: { kind: 'done' } });
    expect(await hostState(plane.host)).toEqual(before);
    expect((await running()).split('\n').filter((line, index) => line !== '' && line === renewed.split('\n')[index])).toEqual([]);
    await cluster.waitUntilReady(`v${OLD}`);
  });

  test('a field of the kubelet that it starts with stays, one that it cannot start with is put back', async () => {
    const before = await hostState(plane.host);
    const set = (path: readonly string[], value: string | number): StepSpec => ({ kind: 'kubelet_config', name: 'config', ...LOOKS, set: [{ path, value }] });
    const look = await whole([set(['healthzBindAddress'], '203.0.113.1')]);
    expect([look.end?.kind, look.end?.outcome.code]).toEqual(['reverted', 'kubelet-unhealthy']);
    expect(await hostState(plane.host)).toEqual(before);
    expect(await whole([set(['maxPods'], 150)])).toMatchObject({ end: { kind: 'done' } });
    expect(await plane.host.mustExec(['cat', '/var/lib/kubelet/config.yaml'])).toContain('maxPods: 150');
    expect(await whole(generation)).toMatchObject({ end: { kind: 'done' } });
    expect(await hostState(plane.host)).toEqual(before);
  });

  test('what fails before the first manifest is swapped is put back: packages, certificates and all', async () => {
    const before = await hostState(plane.host);
    await tellStandIn(plane.host, 'kubeadm', [{ at: 'kube-apiserver-certificates-renewed', how: 'fail' }]);
    const look = await whole(upgradeNodeTo(NEW, 'first-control-plane', false));
    expect(look).toMatchObject({ end: { kind: 'reverted', outcome: { code: 'apply-failed' } } });
    expect(await hostState(plane.host)).toEqual(before);
    await cluster.waitUntilReady(`v${OLD}`);
  });

  test('what fails past it is held as it is, although kubeadm put manifests back; a person finishes it', async () => {
    await tellStandIn(plane.host, 'kubeadm', [{ at: 'kube-controller-manager-manifest-moved', how: 'fail' }]);
    const held = await whole(upgradeNodeTo(NEW, 'first-control-plane', false));
    expect(held).toMatchObject({ end: { kind: 'needs-a-person', outcome: { code: 'past-no-return' } } });
    expect(held.kinds.filter((kind) => kind.startsWith('revert'))).toEqual([]);
    expect(await plane.host.mustExec(['kubeadm', 'version', '-o', 'short'])).toBe(`v${NEW}\n`);
    // Killed between two renames kubeadm leaves no API server at all: the attempt after that brings it back first.
    await tellStandIn(plane.host, 'kubeadm', [{ at: 'kube-apiserver-manifest-away', how: 'crash', times: 1 }]);
    await plane.agent('finish');
    await plane.until(generation, ({ running, end }) => !running && end?.kind === 'done', OVER_MAX_MS);
    expect(await cluster.versions()).toEqual({ cp: `v${NEW}` });
  });
});
