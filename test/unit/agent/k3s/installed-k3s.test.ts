import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { installedK3s } from '../../../../agent/adapters/kubernetes/installed-k3s.ts';
import { installLine } from '../../../../agent/steps/k3s/install-line.ts';

const { signal } = new AbortController();
const folder = mkdtempSync(join(tmpdir(), 'farrier-k3s-env-'));

afterAll(() => rmSync(folder, { recursive: true }));

/** As systemd 252 prints it. */
function shown(argv: string, files: readonly string[] = []): string {
  const start = `ExecStart={ path=${argv.split(' ')[0]} ; argv[]=${argv} ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }`;
  return [start, ...files.map((path) => `EnvironmentFiles=${path} (ignore_errors=yes)`), ''].join('\n');
}

function k3s(stdout: string, code = 0) {
  return installedK3s(async () => ({ code, stdout, stderr: 'systemd says no' }));
}

test('reads the program, its arguments and its environment files back from the unit', async () => {
  const path = join(folder, 'k3s.service.env');
  writeFileSync(path, "K3S_TOKEN='K10abc'\nHTTPS_PROXY=http://u:p@proxy\n\n# a comment\n");
  expect(await k3s(shown('/usr/local/bin/k3s server --disable traefik', [path, '/nonexistent'])).unit('k3s.service', signal)).toEqual({
    binary: '/usr/local/bin/k3s',
    args: ['server', '--disable', 'traefik'],
    environment: ["K3S_TOKEN='K10abc'", 'HTTPS_PROXY=http://u:p@proxy'],
    dataDir: '/var/lib/rancher/k3s',
    registries: '/etc/rancher/k3s/registries.yaml',
    hasOtherRuntime: false,
  });
});

test.each([
  ['--private-registry /srv/r.yaml', { registries: '/srv/r.yaml', hasOtherRuntime: false }],
  ['--private-registry=/srv/r.yaml --docker=false', { registries: '/srv/r.yaml', hasOtherRuntime: false }],
  ['--docker', { hasOtherRuntime: true }],
  ['--container-runtime-endpoint unix:///run/x.sock', { hasOtherRuntime: true }],
])('k3s server %s', async (args, expected) => {
  expect(await k3s(shown(`/usr/local/bin/k3s server ${args}`)).unit('k3s.service', signal)).toMatchObject(expected);
});

test.each([
  ['--data-dir /data/k3s', '/data/k3s'],
  ['--data-dir=/data/k3s', '/data/k3s'],
  ['-d /data/k3s', '/data/k3s'],
  ['--data-dir', '/var/lib/rancher/k3s'],
  ['--data-dir=relative', '/var/lib/rancher/k3s'],
  ['--disable-network-policy', '/var/lib/rancher/k3s'],
])('k3s server %s keeps its data in %s', async (args, dataDir) => {
  expect((await k3s(shown(`/usr/local/bin/k3s server ${args}`)).unit('k3s.service', signal))?.dataDir).toBe(dataDir);
});

test('the environment may move the data as well', async () => {
  const path = join(folder, 'moved.env');
  writeFileSync(path, "K3S_DATA_DIR='/mnt/k3s'\n");
  expect((await k3s(shown('/usr/local/bin/k3s agent', [path])).unit('k3s-agent.service', signal))?.dataDir).toBe('/mnt/k3s');
});

test.each([['no unit', 'ExecStart=\n'], ['another program', shown('/usr/bin/kubelet --config x')]])('%s is no K3s', async (_name, stdout) => {
  expect(await k3s(stdout).unit('k3s.service', signal)).toBeNull();
});

test('systemd that cannot be asked is no host without K3s', async () => {
  await expect(k3s('', 1).unit('k3s.service', signal)).rejects.toThrow('systemd says no');
});

test.each([
  ['k3s version v1.34.1+k3s1 (24fc436e)\ngo version go1.24.6\n', 0, 'v1.34.1+k3s1'],
  ['Kubernetes v1.34.1', 0, null],
  ['k3s version v1.34.1+k3s1', 1, null],
])('%j with exit code %i says %s', async (stdout, code, version) => {
  expect(await k3s(stdout, code).version('/usr/local/bin/k3s', signal)).toBe(version);
});

test('a binary for another architecture says nothing', async () => {
  expect(await installedK3s(() => Promise.reject(new Error('spawn ENOEXEC'))).version('/x', signal)).toBeNull();
});

test('a unit of another name keeps it in the line of the install script', () => {
  const unit = { binary: '/opt/bin/k3s', args: ['server', "--node-label=it's"], environment: [], dataDir: '/', registries: '/r', hasOtherRuntime: false };
  expect(installLine('k3s-edge.service', unit)).toBe("k3s was installed as by: INSTALL_K3S_SKIP_DOWNLOAD=true INSTALL_K3S_BIN_DIR=/opt/bin INSTALL_K3S_NAME=edge INSTALL_K3S_EXEC='server --node-label=it'\\''s' install.sh\n");
});
