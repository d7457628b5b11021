import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bootFleet, type Fleet } from '../fleet/fleet.ts';
import type { Host } from '../fleet/host.ts';
import { missingParts, notChecked } from '../fleet/missing-parts.ts';
import { isReady, tellStandIn, type KubernetesCluster } from '../fleet/stand-ins/kubernetes-cluster.ts';
import { makeK3sCluster } from '../fleet/stand-ins/make-k3s-cluster.ts';
import { makeKubeadmCluster } from '../fleet/stand-ins/make-kubeadm-cluster.ts';
import { packStandIns, type StandIns } from '../fleet/stand-ins/pack-stand-ins.ts';
import { realFolder } from '../fleet/stand-ins/real-programs.ts';

const missing = await missingParts();
if (missing.length > 0) console.warn(notChecked('the stand-ins of kubeadm, kubelet and k3s', missing));
if (realFolder() !== null) console.warn('NOT CHECKED: the stand-ins of kubeadm, kubelet and k3s: with FARRIER_REAL_BIN none of them is used');

const OLD = '1.33.9';
const NEW = '1.34.1';

describe.skipIf(missing.length > 0 || realFolder() !== null)('the stand-ins for kubeadm, kubelet, kubectl and k3s', () => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-stand-ins-'));
  let fleet: Fleet;
  let standIns: StandIns;
  let kubeadm: KubernetesCluster;
  let k3s: KubernetesCluster;
  let worker: Host;

  beforeAll(async () => {
    standIns = await packStandIns(folder, { kubernetes: [OLD, NEW, '1.35.0'], k3s: ['v1.33.9+k3s1', 'v1.35.0+k3s1'] });
    fleet = await bootFleet({ hosts: ['cp1', 'cp2', 'w1', 'ks1', 'ka1'].map((name) => ({ name })), ...standIns, onProgress: console.log });
    worker = fleet.host('w1');
    [kubeadm, k3s] = await Promise.all([
      makeKubeadmCluster(fleet, { controlPlanes: ['cp1', 'cp2'], workers: ['w1'], version: OLD }),
      makeK3sCluster(fleet, standIns, { server: 'ks1', agents: ['ka1'], version: 'v1.33.9+k3s1', serverArgs: ['--disable', 'traefik'] }),
    ]);
  });

  afterAll(async () => {
    await fleet?.tearDown();
    rmSync(folder, { recursive: true, force: true });
  });

  test('both clusters are up, and each stand-in says what it is', async () => {
    expect(await kubeadm.versions()).toEqual({ cp1: `v${OLD}`, cp2: `v${OLD}`, w1: `v${OLD}` });
    expect(await k3s.versions()).toEqual({ ka1: 'v1.33.9+k3s1', ks1: 'v1.33.9+k3s1' });
    const short = await worker.exec(['kubeadm', 'version', '-o', 'short']);
    expect(short).toMatchObject({ stdout: `v${OLD}\n`, stderr: expect.stringContaining('stand-in') as unknown });
    expect(await worker.mustExec(['kubelet', '--version'])).toBe(`Kubernetes v${OLD}\n`);
    expect(JSON.parse(await worker.mustExec(['kubectl', 'version', '--client', '-o', 'json']))).toMatchObject({ clientVersion: { gitVersion: `v${OLD}`, minor: '33' } });
    expect(await fleet.host('ka1').mustExec(['k3s', '--version'])).toMatch(/^k3s version v1\.33\.9\+k3s1 \(.*\)\ngo version /);
    for (const name of ['kubeadm', 'kubelet', 'kubectl']) expect(await worker.mustExec(['cat', `/usr/share/doc/${name}/STAND-IN`])).toContain('test fixture');
  });

  test('a cordon becomes a taint (and a kubelet is stopped, which nobody notices for 50 s)', async () => {
    await k3s.kubectl(['cordon', 'ka1']);
    await k3s.until(10_000, async () => (await taintsOf('ka1')).includes('node.kubernetes.io/unschedulable:NoSchedule'));
    await k3s.kubectl(['uncordon', 'ka1']);
    await fleet.host('ka1').mustExec(['systemctl', 'stop', 'k3s-agent.service']);
    expect(isReady(await k3s.node('ka1'))).toBe(true);
  });

  test('a kubelet tells the API who and how it is, with its own credentials, and may see no other node', async () => {
    const { metadata, status } = await kubeadm.node('w1');
    expect(status.nodeInfo).toMatchObject({ machineID: worker.machineId, bootID: (await worker.mustExec(['cat', '/proc/sys/kernel/random/boot_id'])).trim() });
    expect(status.nodeInfo?.['containerRuntimeVersion']).toMatch(/^containerd:\/\/\d+\.\d+\.\d+/);
    expect(metadata.annotations).toHaveProperty('kubeadm.alpha.kubernetes.io/cri-socket');
    const lease = await kubeadm.get<{ readonly spec: { readonly renewTime: string } }>('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/w1');
    expect(lease.spec.renewTime).toMatch(/\.\d{6}Z$/);
    const asKubelet = ['kubectl', '--kubeconfig=/etc/kubernetes/kubelet.conf', 'get', '--raw'];
    expect(await worker.mustExec([...asKubelet, '/api/v1/nodes/w1'])).toContain('"kind":"Node"');
    expect((await worker.exec([...asKubelet, '/api/v1/nodes/cp1'])).stderr).toContain('Forbidden');
    expect(await worker.mustExec([...asKubelet, '/readyz'])).toBe('ok');
  });

  test('a worker is upgraded, and put back, by the steps of the documentation', async () => {
    const before = await worker.mustExec(['cat', '/var/lib/kubelet/config.yaml', '/var/lib/kubelet/kubeadm-flags.env']);
    await worker.mustExec(['mkdir', '-p', '/root/before']);
    await worker.mustExec(['cp', '-a', '/var/lib/kubelet/config.yaml', '/var/lib/kubelet/kubeadm-flags.env', '/root/before']);
    await tellStandIn(worker, 'kubeadm', [{ at: 'kubelet-config-written', how: 'fail', times: 1 }]);
    await install(worker, ['kubeadm'], NEW);
    expect(await worker.exec(['kubeadm', 'upgrade', 'node'])).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('error execution phase kubelet-config: stand-in: told to fail') as unknown });
    const said = await worker.mustExec(['kubeadm', 'upgrade', 'node']);
    expect(said).toContain('[upgrade/kubelet-config] The kubelet configuration for this node was successfully upgraded!');
    expect(await worker.mustExec(['cat', '/var/lib/kubelet/kubeadm-flags.env'])).not.toContain('container-runtime-endpoint');
    expect(await worker.mustExec(['cat', '/var/lib/kubelet/config.yaml'])).toContain('containerRuntimeEndpoint: unix:///run/containerd/containerd.sock');
    const backups = (await worker.mustExec(['sh', '-c', 'ls -d /etc/kubernetes/tmp/kubeadm-kubelet-config*'])).trim().split('\n');
    const kept = await Promise.all(backups.map((folder) => worker.mustExec(['cat', `${folder}/config.yaml`])));
    // The second run kept what the first one, which failed after it, had written.
    expect(kept.map((text) => before.startsWith(text)).toSorted()).toEqual([false, true]);
    await install(worker, ['kubelet', 'kubectl'], NEW);
    expect((await kubeadm.versions())['w1']).toBe(`v${OLD}`);
    await worker.mustExec(['systemctl', 'restart', 'kubelet.service']);
    await kubeadm.until(20_000, async () => (await kubeadm.versions())['w1'] === `v${NEW}`);
    // Where the machine has cgroup v1, kubeadm 1.35 refuses what its next kubelet would, unless that check is ignored.
    await install(worker, ['kubeadm'], '1.35.0');
    const hasCgroupV1 = (await worker.exec(['test', '-d', '/sys/fs/cgroup/memory'])).exitCode === 0;
    const refused = await worker.exec(['kubeadm', 'upgrade', 'node']);
    expect([refused.exitCode, refused.stderr.includes('[ERROR SystemVerification]: cgroups v1')]).toEqual(hasCgroupV1 ? [1, true] : [0, false]);
    await worker.mustExec(['kubeadm', 'upgrade', 'node', '--ignore-preflight-errors=SystemVerification']);
    await install(worker, ['kubeadm', 'kubelet', 'kubectl'], OLD);
    await worker.mustExec(['sh', '-c', 'cp -a /root/before/* /var/lib/kubelet; rm /var/lib/kubelet/instance-config.yaml; systemctl restart kubelet']);
    await kubeadm.until(20_000, async () => (await kubeadm.versions())['w1'] === `v${OLD}`);
  });

  test('a kubelet that crashes after its start, hangs or is not wanted by its host shows it as a service', async () => {
    await tellStandIn(worker, 'kubelet', [{ at: 'started', how: 'crash', afterMs: 500, times: 1 }]);
    await worker.mustExec(['systemctl', 'restart', 'kubelet.service']);
    await kubeadm.until(30_000, async () => (await worker.mustExec(['systemctl', 'show', '--property=SubState,Result', 'kubelet.service'])) === 'Result=signal\nSubState=auto-restart\n');
    await worker.mustExec(['sh', '-c', 'sed -i s/KUBELET_EXTRA_ARGS=/KUBELET_EXTRA_ARGS=--no-such/ /etc/default/kubelet; systemctl restart kubelet']);
    await kubeadm.until(10_000, async () => (await worker.mustExec(['journalctl', '--no-pager', '--output=cat', '--unit=kubelet', '--lines=20'])).includes('"command failed" err="failed to parse kubelet flag: unknown flag: --no-such"'));
    await worker.mustExec(['sh', '-c', 'sed -i s/--no-such// /etc/default/kubelet; systemctl restart kubelet']);
    await kubeadm.until(10_000, async () => isReady(await kubeadm.node('w1')));
  });

  test('control planes: the first is planned, fails and is put back, then applied; the next one follows', async () => {
    const [cp1, cp2] = [fleet.host('cp1'), fleet.host('cp2')];
    await install(cp1, ['kubeadm'], NEW);
    const plan = JSON.parse(await cp1.mustExec(['kubeadm', 'upgrade', 'plan', `v${NEW}`, '-o', 'json'])) as { readonly availableUpgrades: readonly { readonly components: readonly { readonly name: string }[] }[] };
    expect(plan).toMatchObject({ kind: 'UpgradePlan', apiVersion: 'output.kubeadm.k8s.io/v1alpha3', configVersions: [{ manualUpgradeRequired: false }, { group: 'kubelet.config.k8s.io', currentVersion: 'v1beta1' }] });
    expect(plan.availableUpgrades[0]?.components).toContainEqual({ name: 'etcd', currentVersion: '3.5.24-0', newVersion: '3.6.5-0', nodeName: 'cp2' });
    expect(await cp1.mustExec(['kubeadm', 'upgrade', 'plan', `v${OLD}`, '-o', 'json'])).toBe('');

    const manifests = (): Promise<string> => cp1.mustExec(['sh', '-c', 'sha256sum /etc/kubernetes/manifests/*.yaml']);
    const before = await manifests();
    const hash = await kubeadm.mirrorHash('kube-apiserver', 'cp1');
    await cp1.writeFile('/root/upgrade.yaml', 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\napply: { etcdUpgrade: false }\ntimeouts: { upgradeManifests: 20s }\n');
    await tellStandIn(cp1, 'kubeadm', [{ at: 'kube-scheduler-manifest-moved', how: 'fail', times: 1 }]);
    const apply = ['kubeadm', 'upgrade', 'apply', `v${NEW}`, '--config', '/root/upgrade.yaml', '--yes'];
    expect(await cp1.exec(apply)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('kubeadm has tried to recover everything into the earlier state') as unknown });
    expect(await manifests()).toBe(before);
    expect((await cp1.exec(['kubeadm', 'upgrade', 'apply', 'v1.36.0', '--yes'])).stderr).toContain('kubeadm can upgrade only 1 minor version at a time');

    await kubeadm.until(20_000, async () => (await kubeadm.mirrorHash('kube-apiserver', 'cp1')) === hash);
    expect(await cp1.mustExec(apply)).toContain(`SUCCESS! A control plane node of your cluster was upgraded to "v${NEW}"`);
    expect(await kubeadm.mirrorHash('kube-apiserver', 'cp1')).not.toBe(hash);
    expect(JSON.parse(await cp1.mustExec(['kubectl', '--kubeconfig=/etc/kubernetes/controller-manager.conf', 'get', '--raw', '/version']))).toMatchObject({ gitVersion: `v${NEW}` });
    await cp1.mustExec(['sh', '-c', 'ls -d /etc/kubernetes/tmp/kubeadm-backup-manifests-*/kube-apiserver.yaml']);

    await install(cp2, ['kubeadm'], NEW);
    expect(await cp2.mustExec(['kubeadm', 'upgrade', 'node'])).toContain('The control plane instance for this node was successfully upgraded!');
    await install(cp2, ['kubelet'], NEW);
    const pid = async (): Promise<string> => cp2.mustExec(['systemctl', 'show', '--property=MainPID', '--value', 'pod-kube-apiserver-cp2.service']);
    const old = await pid();
    await cp2.mustExec(['systemctl', 'restart', 'kubelet.service']);
    // A kubelet of a new minor makes the static pods anew, after it said that it is Ready.
    await kubeadm.until(20_000, async () => (await kubeadm.versions())['cp2'] === `v${NEW}`);
    await kubeadm.until(20_000, async () => ![old, '0\n'].includes(await pid()));
    await kubeadm.until(20_000, async () => (await cp2.mustExec(['kubectl', '--kubeconfig=/etc/kubernetes/scheduler.conf', 'get', '--raw', '/readyz'])) === 'ok');
  });

  test('certificates: their expiry is told, one is renewed, and without its authority none is', async () => {
    const cp2 = fleet.host('cp2');
    type Info = { readonly certificates: readonly { readonly name: string; readonly expirationDate: string; readonly residualTime: number }[] };
    const expiry = async (): Promise<ReadonlyMap<string, string>> => new Map((JSON.parse(await cp2.mustExec(['kubeadm', 'certs', 'check-expiration', '-o', 'json'])) as Info).certificates.map(({ name, expirationDate }) => [name, expirationDate]));
    const before = await expiry();
    expect([...before.keys()]).toEqual(['admin.conf', 'apiserver', 'apiserver-etcd-client', 'apiserver-kubelet-client', 'controller-manager.conf', 'etcd-healthcheck-client', 'etcd-peer', 'etcd-server', 'front-proxy-client', 'scheduler.conf', 'super-admin.conf']);
    await cp2.mustExec(['kubeadm', 'certs', 'renew', 'apiserver']);
    const after = await expiry();
    expect([...after].filter(([name, date]) => before.get(name) !== date).map(([name]) => name)).toEqual(['apiserver']);
    expect(await cp2.mustExec(['openssl', 'x509', '-noout', '-ext', 'subjectAltName', '-in', '/etc/kubernetes/pki/apiserver.crt'])).toContain('DNS:cluster-endpoint');
    await cp2.mustExec(['mv', '/etc/kubernetes/pki/ca.key', '/root/']);
    const kept = await expiry();
    expect(await cp2.mustExec(['kubeadm', 'certs', 'renew', 'apiserver'])).toContain("Detected external ca, certificate for serving the Kubernetes API can't be renewed");
    expect(await expiry()).toEqual(kept);
  });

  test('the kubelet that was stopped is taken for dead until it comes back', async () => {
    await k3s.until(90_000, async () => (await k3s.node('ka1')).status.conditions?.at(-1)?.status === 'Unknown');
    await k3s.until(10_000, async () => (await taintsOf('ka1')).includes('node.kubernetes.io/unreachable:NoExecute'));
    await fleet.host('ka1').mustExec(['systemctl', 'start', 'k3s-agent.service']);
    await k3s.until(20_000, async () => isReady(await k3s.node('ka1')) && (await taintsOf('ka1')).length === 0);
  });

  test('a K3s server and agent take a new program, even one two minors on, and report it', async () => {
    for (const [name, unit] of [['ks1', 'k3s.service'], ['ka1', 'k3s-agent.service']] as const) {
      await fleet.host(name).copyIn(standIns.k3s('v1.35.0+k3s1'), '/usr/local/bin/k3s.next');
      await fleet.host(name).mustExec(['sh', '-c', `mv /usr/local/bin/k3s.next /usr/local/bin/k3s; systemctl restart ${unit}`]);
      await k3s.until(20_000, async () => (await k3s.versions())[name] === 'v1.35.0+k3s1');
    }
    expect(await fleet.host('ks1').mustExec(['head', '-c', '15', '/var/lib/rancher/k3s/server/db/state.db'])).toBe('SQLite format 3');
  });

  async function taintsOf(name: string): Promise<readonly string[]> {
    return ((await k3s.node(name)).spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
  }

  /** As an operator would: hold aside, exactly this version, nothing restarted. */
  async function install(host: Host, names: readonly string[], version: string): Promise<void> {
    await host.mustExec(['apt-get', 'update']);
    await host.mustExec(['apt-get', 'install', '--yes', '--allow-change-held-packages', '--allow-downgrades', ...names.map((name) => `${name}=${version}-1.1`)]);
    await host.mustExec(['apt-mark', 'hold', ...names]);
  }
});
