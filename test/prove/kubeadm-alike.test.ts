import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { mustRun, runProgram } from '../fleet/run-program.ts';
import { bundleStandIns } from '../fleet/stand-ins/bundle-stand-ins.ts';
import { kubeletConfiguration, kubeletFiles } from '../fleet/stand-ins/kubeadm/cluster-configuration.ts';
import { CONTROL_PLANE_COMPONENTS, staticPodManifest } from '../fleet/stand-ins/kubeadm/static-pod-manifests.ts';
import { kubernetesVersions, realFolder, realPath } from '../fleet/stand-ins/real-programs.ts';

const real = realFolder() ?? '';
if (real === '') console.warn('NOT CHECKED: that stand-ins write and say what real programs do: FARRIER_REAL_BIN names no folder of these');

const { old, next } = kubernetesVersions();
const NODE = { name: hostname().toLowerCase(), address: '10.77.0.11' };
const INIT = (version: string): string => `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: { advertiseAddress: ${NODE.address} }
nodeRegistration: { criSocket: "unix:///run/containerd/containerd.sock" }
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v${version}
controlPlaneEndpoint: cluster-endpoint:6443
`;

/** What needs neither host nor cluster; all of it reads only. */
const COMMANDS: readonly (readonly ['kubeadm' | 'kubelet', ...string[]])[] = [
  ['kubeadm', 'version', '-o', 'short'], ['kubeadm', 'nosuch'],
  ['kubeadm', 'upgrade', 'node'], ['kubeadm', 'upgrade', 'plan', 'v1.34.9', '-o', 'json'], ['kubeadm', 'upgrade', 'apply'], ['kubeadm', 'upgrade', 'apply', 'v1.34.9', '--nosuch'],
  ['kubeadm', 'upgrade', 'apply', '--config', '/nope', '--yes'], ['kubeadm', 'upgrade', 'apply', 'v1.34.9', '--config', 'upgrade.yaml', '--force'],
  ['kubeadm', 'upgrade', 'apply', 'v1.34.9', '--config', 'upgrade.yaml', '--yes'], ['kubeadm', 'upgrade', 'apply', 'v1.34.9', '--config', 'other.yaml', '--yes'],
  ['kubeadm', 'certs', 'renew', 'nosuch'], ['kubeadm', 'certs', 'renew', 'apiserver'],
  ['kubelet', '--version'], ['kubelet', '--nosuch=1'], ['kubelet', '--config=/nope'],
];

describe.skipIf(real === '').each([old, next])('the stand-ins of %s', (version) => {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-alike-'));
  let programOf: Awaited<ReturnType<typeof bundleStandIns>>;

  beforeAll(async () => {
    programOf = await bundleStandIns();
    writeFileSync(join(folder, 'upgrade.yaml'), 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\napply: { etcdUpgrade: false, nosuch: 1 }\n');
    writeFileSync(join(folder, 'other.yaml'), 'a: b\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('have the files of a node and its static pods, byte for byte', async () => {
    writeFileSync(join(folder, 'init'), INIT(version));
    // A dry run writes there what it would write to /etc/kubernetes and /var/lib/kubelet.
    const env = { ...process.env, KUBEADM_INIT_DRYRUN_DIR: folder };
    for (const phase of [['control-plane', 'all'], ['etcd', 'local'], ['kubelet-start']]) await mustRun([realPath(real, 'kubeadm', `v${version}`), 'init', 'phase', ...phase, '--dry-run', '--config', join(folder, 'init')], { env });
    const parts = { version: `v${version}`, node: NODE, etcd: { initialCluster: `${NODE.name}=https://${NODE.address}:2380`, state: 'new' } } as const;
    const manifests = (['etcd', ...CONTROL_PLANE_COMPONENTS] as const).map((component) => [`${component}.yaml`, staticPodManifest(component, parts)] as const);
    for (const [path, text] of [...manifests, ...Object.entries(kubeletFiles(`v${version}`, kubeletConfiguration({})))]) expect(text, path).toBe(readFileSync(join(folder, basename(path)), 'utf8'));
  });

  test.each(COMMANDS.map((words) => [words.join(' '), words] as const))('answer to %s', async (_, [program, ...args]) => {
    const standIn = join(folder, `${program}.mjs`);
    writeFileSync(standIn, programOf(program, `v${version}`).replace(/^#!.*\n/, ''));
    expect(await said([process.execPath, '--no-warnings', standIn, ...args])).toEqual(await said([realPath(real, program, `v${version}`), ...args]));
  });

  async function said(argv: readonly string[]) {
    const { exitCode, stdout, stderr } = await runProgram(argv, { cwd: folder });
    // A stand-in says what it is; a line of a log has its time, its process and its place in the source in front.
    return { exitCode, stdout, stderr: stderr.replace(/^stand-in: this is .*\n/m, '').replaceAll(/^([IWE])\d{4} \S+ +\d+ [\w.]+:\d+\]/gm, '$1') };
  }
});
