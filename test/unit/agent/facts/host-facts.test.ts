import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { runProgram } from '../../../../agent/adapters/run-program.ts';
import { HostFactsReader } from '../../../../agent/facts/read-host-facts.ts';
import type { HostFacts, K3sFacts, KubeadmFacts } from '../../../../shared/domain/host-facts.ts';
import { CERTIFICATE_ENDS_UNIX_MS, HostRoot, NODE_CERTIFICATE } from '../../../support/host-root.ts';

let root: HostRoot;
beforeEach(() => {
  root = new HostRoot();
});
afterEach(() => root.remove());

async function read(): Promise<HostFacts> {
  return await new HostFactsReader(runProgram, root.folder).read(AbortSignal.timeout(20_000));
}

async function kubeadm(): Promise<KubeadmFacts> {
  const { kubernetes } = await read();
  if (kubernetes?.kind !== 'kubeadm') throw new Error(`kubernetes is ${kubernetes?.kind}`);
  return kubernetes;
}

async function k3s(): Promise<K3sFacts> {
  const { kubernetes } = await read();
  if (kubernetes?.kind !== 'k3s') throw new Error(`kubernetes is ${kubernetes?.kind}`);
  return kubernetes;
}

test('an empty host is no cluster’s, and nothing about it is an error', async () => {
  const { os, runtimes, kubernetes, packages, otherTools, rebootRequired, freeBytes, memoryBytes } = await read();
  expect(os).toEqual({ id: '', versionId: '', prettyName: '', packageFamily: null });
  expect({ runtimes, kubernetes, packages, otherTools, rebootRequired }).toEqual({ runtimes: { containerd: null, runc: null, crun: null, docker: null }, kubernetes: null, packages: {}, otherTools: [], rebootRequired: false });
  expect(Object.keys(freeBytes)).toEqual(['/']);
  expect(memoryBytes).toBeGreaterThan(2 ** 27);
});

test.each([
  ['ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"', { id: 'debian', versionId: '12', prettyName: 'Debian GNU/Linux 12 (bookworm)', packageFamily: 'apt' }],
  ['ID=linuxmint\nID_LIKE="ubuntu debian"\n', { id: 'linuxmint', versionId: '', prettyName: '', packageFamily: 'apt' }],
  ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', { id: 'rocky', versionId: '', prettyName: '', packageFamily: 'dnf' }],
  ['ID="opensuse-leap"\nID_LIKE="suse opensuse"\n', { id: 'opensuse-leap', versionId: '', prettyName: '', packageFamily: 'zypper' }],
  ['ID=alpine\nPRETTY_NAME="Älpine\u001b[2J"', { id: 'alpine', versionId: '', prettyName: '?lpine?[2J', packageFamily: null }],
])('os-release %j', async (text, os) => {
  root.write('/etc/os-release', text);
  expect((await read()).os).toEqual(os);
});

test.each([['/var/lib/dpkg/status', 'apt'], ['/usr/bin/dnf', 'dnf'], ['/usr/bin/zypper', 'zypper']])('an os-release that nobody knows leaves %s to say it: %s', async (path, family) => {
  root.write('/etc/os-release', 'ID=homegrown\n');
  root.write(path, '');
  expect((await read()).os.packageFamily).toBe(family);
});

describe('packages', () => {
  test('are read from dpkg’s status file, whatever its size and wherever it is cut', async () => {
    const noise = Array.from({ length: 3_000 }, (_, index) => `Package: noise${index}\nStatus: install ok installed\nVersion: 1\nDescription: ${'x'.repeat(index % 700)}\n kubeadm\n`);
    const wanted = [
      'Package: kubeadm\nStatus: hold ok installed\nPriority: optional\nVersion: 1.33.4-1.1\n',
      'Package: kubelet\nStatus: install ok half-configured\nVersion: 1.33.4-1.1\n',
      'Package: kubectl\nStatus: deinstall ok config-files\nVersion: 1.32.0-1.1\n',
      'Package: containerd\nStatus: install ok installed\nVersion: 1.7.24~ds1-6+b4\n',
      'Package: runc\nStatus: install ok installed\nVersion: 1.1.15; rm\n',
    ];
    root.packages({});
    root.write('/var/lib/dpkg/status', noise.toSpliced(1_500, 0, ...wanted).join('\n'));
    expect((await read()).packages).toEqual({ kubeadm: '1.33.4-1.1', containerd: '1.7.24~ds1-6+b4' });
  });

  test('are asked of rpm where that is the package system', async () => {
    root.write('/etc/os-release', 'ID=rocky\nID_LIKE="rhel"\n');
    const asked: (readonly string[])[] = [];
    const reader = new HostFactsReader(async (argv) => {
      asked.push(argv);
      return { code: 20, stdout: 'kubeadm\t1.33.4-150500.1.1\npackage kubelet is not installed\nbash\t5\n', stderr: '' };
    }, root.folder);
    expect((await reader.read(AbortSignal.timeout(5_000))).packages).toEqual({ kubeadm: '1.33.4-150500.1.1' });
    expect(asked.map((argv) => argv.slice(0, 4))).toEqual([['rpm', '--root', root.folder, '-q']]);
  });
});

describe('a program', () => {
  test('of a package has the package’s version; one beside the packages is asked', async () => {
    root.packages({ containerd: '1.7.24~ds1-6', 'docker-ce': '5:28.3.2-1' });
    root.program('/usr/bin/containerd', 'containerd github.com/containerd/containerd/v2 v2.9.9 abc');
    root.program('/usr/bin/dockerd', 'not asked');
    root.program('/usr/local/sbin/runc', 'runc version 1.3.3\ncommit: x');
    root.program('/usr/bin/crun', 'crun version 1.8.1\ncommit: x');
    expect((await read()).runtimes).toEqual({ containerd: '1.7.24~ds1-6', runc: '1.3.3', crun: '1.8.1', docker: '5:28.3.2-1' });
    root.program('/usr/local/bin/containerd', 'containerd github.com/containerd/containerd/v2 v2.2.0 abc');
    expect((await read()).runtimes.containerd).toBe('2.2.0');
  });

  test('is asked again when its file has changed, and not before', async () => {
    root.write('/etc/systemd/system/k3s.service', '[Service]\nExecStart=/usr/local/bin/k3s server\n');
    root.program('/usr/local/bin/k3s', 'k3s version v1.33.4+k3s1 (148243c4)\ngo version go1.24.4');
    let asked = 0;
    const reader = new HostFactsReader((argv, options) => {
      asked += 1;
      return runProgram(argv, options);
    }, root.folder);
    const version = async (): Promise<unknown> => (await reader.read(AbortSignal.timeout(20_000))).kubernetes;
    expect(await version()).toMatchObject({ version: 'v1.33.4+k3s1' });
    expect(await version()).toMatchObject({ version: 'v1.33.4+k3s1' });
    expect(asked).toBe(1);
    root.program('/usr/local/bin/k3s', 'k3s version v1.34.1+k3s1 (148243c4)');
    expect(await version()).toMatchObject({ version: 'v1.34.1+k3s1' });
    expect(asked).toBe(2);
  });

  test('that says nothing of use has no version', async () => {
    root.program('/usr/local/bin/runc', 'Segmentation fault');
    root.program('/usr/local/bin/crun', 'crun version $(reboot)');
    expect((await read()).runtimes).toMatchObject({ runc: null, crun: null });
  });
});

describe('kubeadm', () => {
  beforeEach(() => {
    root.packages({ kubeadm: '1.33.4-1.1', kubelet: '1.33.4-1.1', kubectl: '1.33.3-1.1' });
    for (const name of ['kubeadm', 'kubelet', 'kubectl']) root.program(`/usr/bin/${name}`, 'not asked');
    root.write('/etc/kubernetes/kubelet.conf', 'kind: Config\n');
    root.write('/var/lib/kubelet/pki/kubelet-client-current.pem', `${NODE_CERTIFICATE}-----BEGIN PRIVATE KEY-----\n`);
  });

  function controlPlane(etcdImage = 'registry.k8s.io/etcd:3.5.21-0'): void {
    root.write('/etc/kubernetes/manifests/kube-apiserver.yaml', 'spec:\n  containers:\n  - command:\n    - kube-apiserver\n    image: registry.k8s.io:5000/kube-apiserver:v1.33.4@sha256:0123\n');
    root.write('/etc/kubernetes/manifests/etcd.yaml', `spec:\n  containers:\n  - command:\n    - etcd\n    - --experimental-initial-corrupt-check=true\n    - --experimental-watch-progress-notify-interval=5s\n    image: "${etcdImage}"\n`);
  }

  test('a worker', async () => {
    expect(await kubeadm()).toEqual({
      ...{ kind: 'kubeadm', role: 'worker', nodeName: 'edge-1', kubeadm: '1.33.4-1.1', kubelet: '1.33.4-1.1', kubectl: '1.33.3-1.1', apiserver: null },
      ...{ etcd: { kind: 'none' }, criSocket: '', failCgroupV1: null, podInfraImageFlagIn: [] },
      certificates: [{ path: '/var/lib/kubelet/pki/kubelet-client-current.pem', notAfterUnixMs: CERTIFICATE_ENDS_UNIX_MS }],
    });
  });

  test('a control plane with etcd beside it', async () => {
    controlPlane();
    expect(await kubeadm()).toMatchObject({
      ...{ role: 'control-plane', apiserver: 'v1.33.4' },
      etcd: { kind: 'stacked', version: '3.5.21-0', experimentalFlags: ['--experimental-initial-corrupt-check', '--experimental-watch-progress-notify-interval'] },
    });
  });

  test('a control plane with etcd elsewhere, and images without a tag', async () => {
    root.write('/etc/kubernetes/manifests/kube-apiserver.yaml', '    image: registry.k8s.io:5000/kube-apiserver@sha256:0123\n');
    expect(await kubeadm()).toMatchObject({ role: 'control-plane', apiserver: null, etcd: { kind: 'external' } });
  });

  test('the version is the API server’s own, whatever runs beside it', async () => {
    root.write('/etc/kubernetes/manifests/kube-apiserver.yaml', '  - image: example.org/audit-forwarder:v9.9.9\n  - image: registry.k8s.io/kube-apiserver:v1.33.4\n');
    expect((await kubeadm()).apiserver).toBe('v1.33.4');
  });

  test('certificates in files and in kubeconfigs; what is none is left out', async () => {
    controlPlane();
    root.write('/etc/kubernetes/pki/apiserver.crt', NODE_CERTIFICATE);
    root.write('/etc/kubernetes/pki/apiserver.key', NODE_CERTIFICATE);
    root.write('/etc/kubernetes/pki/torn.crt', NODE_CERTIFICATE.slice(0, 200));
    root.write('/etc/kubernetes/pki/etcd/server.crt', NODE_CERTIFICATE);
    root.write('/etc/kubernetes/admin.conf', `users:\n- user:\n    client-certificate-data: ${Buffer.from(NODE_CERTIFICATE).toString('base64')}\n    client-key-data: AAAA\n`);
    const { certificates } = await kubeadm();
    expect(certificates.map(({ path }) => path)).toEqual(['/etc/kubernetes/pki/apiserver.crt', '/etc/kubernetes/pki/etcd/server.crt', '/etc/kubernetes/admin.conf', '/var/lib/kubelet/pki/kubelet-client-current.pem']);
  });

  test.each([
    ['/var/lib/kubelet/kubeadm-flags.env', 'KUBELET_KUBEADM_ARGS="--node-ip=10.0.0.1 --pod-infra-container-image=registry.k8s.io/pause:3.10"\n'],
    ['/etc/default/kubelet', 'KUBELET_EXTRA_ARGS=--pod-infra-container-image=pause:3.9\n'],
    ['/etc/sysconfig/kubelet', 'KUBELET_EXTRA_ARGS="--v=2 --pod-infra-container-image pause:3.9"\n'],
    ['/usr/lib/systemd/system/kubelet.service', '[Service]\nExecStart=/usr/bin/kubelet \\\n  --pod-infra-container-image=pause\n'],
    ['/etc/systemd/system/kubelet.service.d/20-extra.conf', '[Service]\nEnvironment="KUBELET_EXTRA_ARGS=--pod-infra-container-image=pause"\n'],
    // Neither sign makes a comment but at the beginning of a line: systemd.syntax(7), systemd.exec(5).
    ['/etc/systemd/system/kubelet.service', "[Service]\nExecStart=/bin/sh -c 'ulimit -n 65536; exec /usr/bin/kubelet --pod-infra-container-image=pause'\n"],
    ['/etc/default/kubelet', 'KUBELET_EXTRA_ARGS="--node-labels=a=#1 --pod-infra-container-image=pause:3.9"\n'],
  ])('--pod-infra-container-image in %s is found', async (path, text) => {
    root.write(path, text);
    expect((await kubeadm()).podInfraImageFlagIn).toEqual([path]);
  });

  test('--pod-infra-container-image is found in a file that a drop-in names, and not in comments or longer names', async () => {
    root.write('/etc/systemd/system/kubelet.service.d/10.conf', '[Service]\n# --pod-infra-container-image\nEnvironmentFile=-/opt/kubelet.env\n');
    root.write('/opt/kubelet.env', 'ARGS=--pod-infra-container-image=pause\n');
    root.write('/etc/default/kubelet', '; --pod-infra-container-image\nA="--my-pod-infra-container-image --pod-infra-container-image-x=1"\n');
    expect((await kubeadm()).podInfraImageFlagIn).toEqual(['/opt/kubelet.env']);
  });

  test('--pod-infra-container-image is found behind a wildcard of an EnvironmentFile, and in the script that a unit starts', async () => {
    root.write('/etc/systemd/system/kubelet.service', '[Service]\nEnvironmentFile=-/etc/kubelet.env.d/*.env\nExecStart=-/opt/bin/start-kubelet.sh\n');
    root.write('/etc/kubelet.env.d/10.env', 'A=--v=2\n');
    root.write('/etc/kubelet.env.d/20.env', 'B=--pod-infra-container-image=pause\n');
    root.write('/etc/kubelet.env.d/20.env.bak', 'B=--pod-infra-container-image=pause\n');
    root.write('/opt/bin/start-kubelet.sh', '#!/bin/sh\nexec kubelet --pod-infra-container-image=pause\n');
    expect((await kubeadm()).podInfraImageFlagIn).toEqual(['/etc/kubelet.env.d/20.env', '/opt/bin/start-kubelet.sh']);
  });

  test('failCgroupV1 is read where the kubelet is told to read it', async () => {
    root.write('/var/lib/kubelet/config.yaml', 'failCgroupV1: false\n');
    root.write('/etc/systemd/system/kubelet.service.d/10.conf', '[Service]\nEnvironment="KUBELET_CONFIG_ARGS=--config=/etc/kubernetes/kubelet.yaml"\n');
    expect(await kubeadm()).toMatchObject({ failCgroupV1: null });
    root.write('/etc/kubernetes/kubelet.yaml', 'failCgroupV1: true\n');
    expect(await kubeadm()).toMatchObject({ failCgroupV1: true });
    // What an admin adds comes last on the command line, and wins.
    root.write('/etc/default/kubelet', 'KUBELET_EXTRA_ARGS=--config=/etc/kubernetes/admins.yaml\n');
    expect(await kubeadm()).toMatchObject({ failCgroupV1: null });
    root.write('/etc/default/kubelet', 'KUBELET_EXTRA_ARGS=--config=$SOMEWHERE\n');
    expect(await kubeadm()).toMatchObject({ failCgroupV1: false });
  });

  test('failCgroupV1 and the CRI socket come from the kubelet’s configuration, drop-ins last', async () => {
    root.write('/var/lib/kubelet/config.yaml', 'kind: KubeletConfiguration\nfailCgroupV1: true\ncontainerRuntimeEndpoint: ""\nnested:\n  failCgroupV1: false\n');
    expect(await kubeadm()).toMatchObject({ failCgroupV1: true, criSocket: '' });
    root.write('/var/lib/kubelet/kubeadm-flags.env', 'A="--container-runtime-endpoint=unix:///run/cri-dockerd.sock --config-dir=/etc/kubernetes/kubelet.conf.d"\n');
    root.write('/etc/kubernetes/kubelet.conf.d/90.conf', 'failCgroupV1: false # until the new kernel\n');
    expect(await kubeadm()).toMatchObject({ failCgroupV1: false, criSocket: 'unix:///run/cri-dockerd.sock' });
    root.write('/var/lib/kubelet/instance-config.yaml', 'containerRuntimeEndpoint: unix:///run/containerd/containerd.sock\n');
    expect(await kubeadm()).toMatchObject({ criSocket: 'unix:///run/cri-dockerd.sock' });
    root.write('/var/lib/kubelet/kubeadm-flags.env', 'A="--config-dir=/etc/kubernetes/kubelet.conf.d"\n');
    expect(await kubeadm()).toMatchObject({ criSocket: 'unix:///run/containerd/containerd.sock' });
  });
});

describe('K3s', () => {
  test('names the runtimes that K3s adds by itself', async () => {
    root.write('/etc/systemd/system/k3s.service', '[Service]\nExecStart=/usr/local/bin/k3s server\n');
    root.write('/usr/bin/crun', '');
    root.write('/opt/kwasm/bin/containerd-shim-spin-v2', '');
    root.write('/usr/bin/containerd-shim-spin-v1', '');
    expect((await k3s()).foundRuntimes).toEqual(['crun', 'spin']);
  });

  test('a server: datastore by what is configured, then by what is there', async () => {
    root.write('/etc/systemd/system/k3s.service', "[Service]\nEnvironmentFile=-/etc/systemd/system/k3s.service.env\nExecStart=/usr/local/bin/k3s \\\n    server \\\n\t'--disable' \\\n");
    root.write('/var/lib/rancher/k3s/agent/client-kubelet.crt', NODE_CERTIFICATE);
    expect(await k3s()).toEqual({
      ...{ kind: 'k3s', role: 'server', nodeName: 'edge-1', version: null, datastore: 'none', foundRuntimes: [], criSocket: 'unix:///run/k3s/containerd/containerd.sock', failCgroupV1: null, podInfraImageFlagIn: [] },
      certificates: [{ path: '/var/lib/rancher/k3s/agent/client-kubelet.crt', notAfterUnixMs: CERTIFICATE_ENDS_UNIX_MS }],
    });
    root.write('/var/lib/rancher/k3s/server/db/state.db', '');
    expect((await k3s()).datastore).toBe('sqlite');
    mkdirSync(`${root.folder}/var/lib/rancher/k3s/server/db/etcd`);
    expect((await k3s()).datastore).toBe('etcd');
    root.write('/etc/systemd/system/k3s.service.env', 'K3S_DATASTORE_ENDPOINT=postgres://db\n');
    expect((await k3s()).datastore).toBe('external');
    writeFileSync(`${root.folder}/etc/systemd/system/k3s.service.env`, '#K3S_DATASTORE_ENDPOINT=postgres://db\n');
    root.write('/etc/rancher/k3s/config.yaml', 'datastore-endpoint: mysql://db\nkubelet-arg:\n- "pod-infra-container-image=pause"\n');
    expect(await k3s()).toMatchObject({ datastore: 'external', podInfraImageFlagIn: ['/etc/rancher/k3s/config.yaml'] });
  });

  test('only what K3s’ kubelet reads says failCgroupV1, and no comment gives a flag', async () => {
    root.write('/etc/systemd/system/k3s.service', '[Service]\nExecStart=/usr/local/bin/k3s server\n');
    root.write('/var/lib/rancher/k3s/agent/etc/kubelet.conf.d/00-k3s-defaults.conf', 'failCgroupV1: true\n');
    root.write('/var/lib/rancher/k3s/agent/etc/kubelet.conf.d/10-mine.yaml', 'failCgroupV1: false\n');
    root.write('/etc/rancher/k3s/config.yaml', 'kubelet-arg: # no pod-infra-container-image\n');
    expect(await k3s()).toMatchObject({ failCgroupV1: true, podInfraImageFlagIn: [] });
    root.write('/var/lib/rancher/k3s/agent/etc/kubelet.conf.d/10-mine.conf', 'failCgroupV1: false\n');
    expect(await k3s()).toMatchObject({ failCgroupV1: false });
  });

  test.each([
    ['/etc/systemd/system/k3s.service', "ExecStart=/usr/local/bin/k3s \\\n    server \\\n\t'--data-dir=/srv/k3s' \\\n"],
    ['/etc/systemd/system/k3s.service', "ExecStart=/usr/local/bin/k3s \\\n    server \\\n\t'--data-dir' \\\n\t'/srv/k3s' \\\n"],
    ['/etc/systemd/system/k3s.service', 'ExecStart=/usr/local/bin/k3s server\nEnvironment=K3S_DATA_DIR=/srv/k3s\n'],
    ['/etc/rancher/k3s/config.yaml', 'data-dir: "/srv/k3s"\n'],
    ['/etc/rancher/k3s/config.yaml.d/10-disk.yaml', 'data-dir: /srv/k3s\n'],
  ])('its data are looked for where %s has them', async (path, text) => {
    root.write('/etc/systemd/system/k3s.service', 'ExecStart=/usr/local/bin/k3s server\n');
    root.write(path, text);
    root.write('/srv/k3s/agent/client-kubelet.crt', NODE_CERTIFICATE);
    mkdirSync(`${root.folder}/srv/k3s/server/db/etcd`, { recursive: true });
    expect(await k3s()).toMatchObject({ nodeName: 'edge-1', datastore: 'etcd', certificates: [{ path: '/srv/k3s/agent/client-kubelet.crt' }] });
  });

  test.each([
    ['/etc/systemd/system/k3s-agent.service', 'ExecStart=/usr/local/bin/k3s \\\n    agent\n'],
    ['/etc/systemd/system/k3s.service', 'ExecStart=/usr/local/bin/k3s \\\n    agent \\\n'],
  ])('an agent by %s', async (path, text) => {
    root.write(path, text);
    expect(await k3s()).toMatchObject({ role: 'agent', datastore: 'none' });
  });
});

test('who else changes the host, and whether it waits for a reboot', async () => {
  root.packages({ 'unattended-upgrades': '2.9', 'puppet-agent': '8' });
  root.write('/etc/apt/apt.conf.d/20auto-upgrades', 'APT::Periodic::Unattended-Upgrade "0";\n');
  root.write('/run/reboot-required', '');
  mkdirSync(`${root.folder}/etc/ansible`);
  expect(await read()).toMatchObject({ otherTools: ['puppet', 'ansible'], rebootRequired: true });
  root.write('/etc/apt/apt.conf.d/50unattended', 'APT::Periodic::Unattended-Upgrade "1";\n');
  expect((await read()).otherTools).toEqual(['unattended-upgrades', 'puppet', 'ansible']);
});
