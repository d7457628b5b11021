import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import { hostState } from '../fleet/host-state.ts';
import { OVER_MAX_MS, PROOF_MAX_MS, TEST_MAX_MS, upgradeNodeTo } from '../fleet/kubeadm-node.ts';
import { codeFor, LonelyHost, told } from '../fleet/lonely-host.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';
import { crashKubelet } from '../fleet/stand-ins/kubeadm-faults.ts';
import type { KubernetesCluster } from '../fleet/stand-ins/kubernetes-cluster.ts';
import { makeKubeadmCluster } from '../fleet/stand-ins/make-kubeadm-cluster.ts';
import { packStandIns } from '../fleet/stand-ins/pack-stand-ins.ts';
import { kubernetesVersions } from '../fleet/stand-ins/real-programs.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the upgrade of kubeadm nodes on real hosts', missing));

const { old: OLD, next: NEW } = kubernetesVersions();

describe.skipIf(missing.length > 0)('a node of kubeadm', { timeout: TEST_MAX_MS }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-kubeadm-'));
  let fleet: Fleet;
  let cluster: KubernetesCluster;

  beforeAll(async () => {
    const standIns = await packStandIns(folder, { kubernetes: [OLD, NEW] });
    const sharedFolders = { ...standIns.sharedFolders, ...codeFor(folder) };
    fleet = await bootFleet({ ...standIns, hosts: ['cp', 'good', 'bad'].map((name) => ({ name })), sharedFolders, onProgress: console.log });
    cluster = await makeKubeadmCluster(fleet, { controlPlanes: ['cp'], workers: ['good', 'bad'], version: OLD });
    for (const { writeFile } of fleet.hosts) await writeFile('/etc/farrier/sources.d/lab.list', 'deb [trusted=yes] file:/srv/repo ./\n');
  });

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  test.concurrent('a worker goes to the next minor, and back to exactly what it was', async () => {
    const worker = new LonelyHost(fleet.host('good'));
    const before = await hostState(worker.host);
    expect(told(await worker.whole(1, upgradeNodeTo(NEW, 'worker'), OVER_MAX_MS))).toMatch(/^done /);
    expect(await cluster.versions()).toMatchObject({ good: `v${NEW}` });
    expect(await worker.host.mustExec(['cat', '/var/lib/kubelet/config.yaml'])).toContain('containerRuntimeEndpoint: unix:///run/containerd/containerd.sock');
    expect(told(await worker.whole(2, 1, OVER_MAX_MS))).toMatch(/^done /);
    expect(await hostState(worker.host)).toEqual(before);
    expect(await cluster.versions()).toMatchObject({ good: `v${OLD}` });
  });

  test.concurrent('a worker whose new kubelet crashes after 5 s is exactly what it was, soon after', async () => {
    const worker = new LonelyHost(fleet.host('bad'));
    const before = await hostState(worker.host);
    await crashKubelet(worker.host, NEW, 5000);
    await worker.stage(1, upgradeNodeTo(NEW, 'worker'));
    await worker.agent('permit', '1');
    await worker.until(1, ({ kinds }) => kinds.includes('applied(4)'), OVER_MAX_MS);
    const startedMs = performance.now();
    const look = await worker.over(1, OVER_MAX_MS);
    const tookMs = performance.now() - startedMs;
    expect(told(look)).toMatch(/^reverted unit-crashed kubelet\.service: /);
    expect(await hostState(worker.host)).toEqual(before);
    expect(await cluster.versions()).toMatchObject({ bad: `v${OLD}` });
    // Ten of them are the proof that the old kubelet stays up; hosts that share two cores with a whole test run need the rest.
    console.log(`put back and proved ${Math.round(tookMs / 1000)} s after the new kubelet was started`);
    expect(tookMs).toBeLessThan(PROOF_MAX_MS);
  });
});
