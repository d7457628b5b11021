import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { HostFacts } from '../../shared/domain/host-facts.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import { hostState } from '../fleet/host-state.ts';
import { OVER_MAX_MS, runningSince, STEP_MAX_MS, TEST_MAX_MS, upgradeNodeTo } from '../fleet/kubeadm-node.ts';
import { codeFor, type Look, LonelyHost, told } from '../fleet/lonely-host.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';
import { damageEtcdKey, killBetweenRenames, loseControllerManager } from '../fleet/stand-ins/kubeadm-faults.ts';
import type { KubernetesCluster } from '../fleet/stand-ins/kubernetes-cluster.ts';
import { debVersion } from '../fleet/stand-ins/kubernetes-debs.ts';
import { makeKubeadmCluster } from '../fleet/stand-ins/make-kubeadm-cluster.ts';
import { packStandIns } from '../fleet/stand-ins/pack-stand-ins.ts';
import { kubernetesVersions } from '../fleet/stand-ins/real-programs.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the steps of a control plane of kubeadm on a real host', missing));

const { old: OLD, next: NEW } = kubernetesVersions();
/** Two attempts at what cannot succeed, each to the end of its time. */
const HELD_MAX_MS = 3 * STEP_MAX_MS;
const LOOKS = { looks: 11, lookIntervalMs: 1000, timeoutMs: 90_000 } as const;

describe.skipIf(missing.length > 0)('a control plane of kubeadm', { timeout: TEST_MAX_MS }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-kubeadm-'));
  let fleet: Fleet;
  let cluster: KubernetesCluster;
  let plane: LonelyHost;
  let generation = 0;

  beforeAll(async () => {
    const standIns = await packStandIns(folder, { kubernetes: [OLD, NEW] });
    fleet = await bootFleet({ ...standIns, hosts: [{ name: 'cp' }], sharedFolders: { ...standIns.sharedFolders, ...codeFor(folder) }, onProgress: console.log });
    cluster = await makeKubeadmCluster(fleet, { controlPlanes: ['cp'], workers: [], version: OLD });
    plane = new LonelyHost(fleet.host('cp'));
    await plane.prepareSource();
  }, 10 * 60_000);

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  async function whole(what: readonly StepSpec[] | number, maxMs = OVER_MAX_MS): Promise<Look> {
    generation += 1;
    return plane.whole(generation, what, maxMs);
  }

  test('the agent tells what kubeadm made of its host', async () => {
    const { kubernetes } = JSON.parse(await plane.agent('facts')) as HostFacts;
    const deb = debVersion(OLD);
    expect(kubernetes).toMatchObject({
      kind: 'kubeadm', role: 'control-plane', nodeName: 'cp', kubeadm: deb, kubelet: deb, kubectl: deb, apiserver: `v${OLD}`, failCgroupV1: null,
      etcd: { kind: 'stacked', version: expect.stringMatching(/^3\.\d+\.\d+-\d+$/) as string },
      criSocket: expect.stringMatching(/\/containerd\.sock$/) as string, podInfraImageFlagIn: ['/var/lib/kubelet/kubeadm-flags.env'],
    });
    const named = (path: string): number => kubernetes?.certificates.find((one) => one.path === path)?.notAfterUnixMs ?? 0;
    for (const path of ['/etc/kubernetes/pki/apiserver.crt', '/etc/kubernetes/pki/etcd/ca.crt', '/etc/kubernetes/admin.conf', '/var/lib/kubelet/pki/kubelet-client-current.pem']) expect(named(path), path).toBeGreaterThan(Date.now());
  });

  test('certificates are renewed with all that uses them, and put back with all that used them', async () => {
    const before = await hostState(plane.host);
    const expiry = async (): Promise<string> => plane.host.mustExec(['sh', '-c', 'for f in apiserver etcd/server; do openssl x509 -noout -serial -in /etc/kubernetes/pki/$f.crt; done']);
    const old = await expiry();
    const running = (): Promise<readonly string[]> => runningSince(plane.host, ['etcd', 'kube-apiserver', 'kube-scheduler']);
    const pids = await running();
    const renew: StepSpec = { kind: 'kubeadm_certs', name: 'certs', timeoutMs: STEP_MAX_MS, renew: [], whenUnderDays: 3650 };
    expect(told(await whole([renew]))).toMatch(/^done /);
    expect(await expiry()).not.toBe(old);
    const renewed = await running();
    expect(renewed.filter((line, index) => line === pids[index])).toEqual([]);
    expect(told(await whole(generation))).toMatch(/^done /);
    expect(await hostState(plane.host)).toEqual(before);
    expect((await running()).filter((line, index) => line === renewed[index])).toEqual([]);
    await cluster.waitUntilReady(`v${OLD}`);
  });

  test('a field of the kubelet that it starts with stays, one that it cannot start with is put back', async () => {
    const before = await hostState(plane.host);
    const set = (path: readonly string[], value: string | number): StepSpec => ({ kind: 'kubelet_config', name: 'config', ...LOOKS, set: [{ path, value }] });
    expect(told(await whole([set(['healthzBindAddress'], '203.0.113.1')]))).toMatch(/^reverted kubelet-unhealthy /);
    expect(await hostState(plane.host)).toEqual(before);
    expect(told(await whole([set(['maxPods'], 150)]))).toMatch(/^done /);
    expect(await plane.host.mustExec(['cat', '/var/lib/kubelet/config.yaml'])).toContain('maxPods: 150');
    expect(told(await whole(generation))).toMatch(/^done /);
    expect(await hostState(plane.host)).toEqual(before);
  });

  test('what fails before the first manifest is swapped is put back: packages, certificates and all', async () => {
    const lift = await damageEtcdKey(plane.host);
    const before = await hostState(plane.host);
    try {
      expect(told(await whole(upgradeNodeTo(NEW, 'first-control-plane', false)))).toMatch(/^reverted apply-failed /);
      expect(await hostState(plane.host)).toEqual(before);
      await cluster.waitUntilReady(`v${OLD}`);
    } finally {
      await lift();
    }
  });

  test('what fails past it is held as it is, although kubeadm put manifests back; a person finishes it', async () => {
    const lift = await loseControllerManager(plane.host, NEW);
    const held = await whole(upgradeNodeTo(NEW, 'first-control-plane', false), HELD_MAX_MS);
    expect(told(held)).toMatch(/^needs-a-person past-no-return /);
    expect(held.kinds.filter((kind) => kind.startsWith('revert'))).toEqual([]);
    expect(await plane.host.mustExec(['kubeadm', 'version', '-o', 'short'])).toBe(`v${NEW}\n`);
    // Killed between two renames kubeadm leaves no API server at all: the attempt after that brings it back first.
    await lift();
    await killBetweenRenames(plane.host);
    await plane.agent('finish');
    await plane.until(generation, ({ running, end }) => !running && end?.kind === 'done', OVER_MAX_MS);
    expect(await cluster.versions()).toEqual({ cp: `v${NEW}` });
  }, TEST_MAX_MS + HELD_MAX_MS);
});
