import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { systemdEtcdHost } from '../../../../agent/adapters/etcd/systemd-etcd-host.ts';
import { memberOf } from '../../../../agent/etcd/local-member.ts';
import type { RunProgram } from '../../../../agent/ports/programs.ts';

const folder = mkdtempSync(join(tmpdir(), 'farrier-etcd-unit-'));
afterAll(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;

function file(name: string, content: string): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

/** What `systemctl show` prints of a unit. */
function shown(argv: string, ...more: readonly string[]): RunProgram {
  const start = `ExecStart={ path=${argv.split(' ')[0]} ; argv[]=${argv} ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }`;
  return async () => ({ code: 0, stdout: ['LoadState=loaded', start, ...more, ''].join('\n'), stderr: '' });
}

async function settings(run: RunProgram): Promise<Readonly<Record<string, string>>> {
  const unit = await systemdEtcdHost(run).unit('etcd.service', never);
  return Object.fromEntries([...(unit?.settings ?? [])].map(([name, { value, from }]) => [name, `${value} (${from})`.replaceAll(`${folder}/`, '')]));
}

const OWN = 'ExecStart of etcd.service';

test('flags are read as etcd takes them: with one dash or two, with = or a blank, and alone', async () => {
  expect(await settings(shown('/usr/local/bin/etcd --name=infra-1 -data-dir /var/lib/etcd --client-cert-auth --enable-v2=false'))).toEqual({
    name: `infra-1 (${OWN})`, 'data-dir': `/var/lib/etcd (${OWN})`, 'client-cert-auth': `true (${OWN})`, 'enable-v2': `false (${OWN})`,
  });
});

test('the environment says what no flag says, later files win, and words of it are flags where the unit has them so', async () => {
  const defaults = file('etcd.default', '# ETCD_NAME=nobody\nETCD_NAME="infra-1"\nDAEMON_ARGS=--enable-v2 --snapshot-count=5000\nETCD_DATA_DIR=/srv/etcd\n');
  const run = shown('/usr/bin/etcd --data-dir=${WHERE} $DAEMON_ARGS', 'Environment=WHERE=/var/lib/etcd "ETCD_NAME=infra 0" ETCD_ENABLE_V2=false', `EnvironmentFiles=${defaults} (ignore_errors=yes)`);
  expect(await settings(run)).toEqual({
    name: 'infra-1 (etcd.default)', 'data-dir': `/var/lib/etcd (${OWN})`, 'enable-v2': `true (${OWN})`, 'snapshot-count': `5000 (${OWN})`,
  });
});

test('beside a configuration file nothing else counts', async () => {
  const config = file('etcd.yaml', 'name: infra-1\nquota-backend-bytes: 4294967296\nclient-transport-security:\n  cert-file: /pki/server.crt\npeer-transport-security:\n  cert-file: /pki/peer.crt\nenable-v2: true\n');
  expect(await settings(shown(`/usr/local/bin/etcd --config-file=${config} --name=other`, 'Environment=ETCD_DATA_DIR=/srv'))).toEqual({
    name: 'infra-1 (etcd.yaml)', 'quota-backend-bytes': '4294967296 (etcd.yaml)', 'cert-file': '/pki/server.crt (etcd.yaml)', 'peer-cert-file': '/pki/peer.crt (etcd.yaml)', 'enable-v2': 'true (etcd.yaml)',
    'config-file': `etcd.yaml (${OWN})`,
  });
});

test('there is none where systemd knows no such unit', async () => {
  const run: RunProgram = async () => ({ code: 0, stdout: 'LoadState=not-found\n', stderr: '' });
  expect(await systemdEtcdHost(run).unit('etcd.service', never)).toBeNull();
});

test.each<[string, string, string]>([
  ['the address that it advertises', '--advertise-client-urls=https://10.0.0.1:2379 --listen-client-urls=https://10.0.0.1:2379,https://127.0.0.1:2379', 'https://10.0.0.1:2379'],
  ['one that it listens on with TLS', '--listen-client-urls=http://127.0.0.1:2378,https://0.0.0.0:2379', 'https://127.0.0.1:2379'],
  ['what etcd takes where nothing stands', '', 'http://localhost:2379'],
])('a member is asked at %s', async (_, flags, endpoint) => {
  const unit = await systemdEtcdHost(shown(`/usr/bin/etcd ${flags} --trusted-ca-file=/pki/ca.crt --cert-file=/pki/s.crt --key-file=/pki/s.key --quota-backend-bytes=8000000`)).unit('etcd.service', never);
  expect(unit === null ? null : memberOf(unit, { exists: () => false })).toEqual({ runsAs: 'systemd', dataDir: null, endpoint, caFile: '/pki/ca.crt', certificateFile: '/pki/s.crt', keyFile: '/pki/s.key', quotaBytes: 8_000_000 });
  expect(unit === null ? null : memberOf(unit, { exists: (path) => path === '/etc/farrier/etcd/client.key' })).toMatchObject({ endpoint, caFile: '/etc/farrier/etcd/ca.crt', certificateFile: '/etc/farrier/etcd/client.crt', keyFile: '/etc/farrier/etcd/client.key' });
});
