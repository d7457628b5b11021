import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import type { EtcdWritten } from './etcd-writer-main.ts';
import type { Fleet } from './fleet.ts';
import type { Host } from './host.ts';
import { issueLeaf, type KeyedCertificate, makeCa } from './stand-ins/pki/certificates.ts';

const WRITER = fileURLToPath(new URL('etcd-writer-main.ts', import.meta.url));
const PKI = '/etc/etcd/pki';
const BINARY = '/usr/local/bin/etcd';
const HEALTHY_WITHIN_MS = 60_000;
/** etcd takes 1.5 MiB in one request. */
const VALUE_BYTES = 1_000_000;
const PUTS_MAX = 200;

const UNIT = `[Unit]
Description=etcd, as people set it up by hand
After=network.target

[Service]
Type=notify
User=etcd
EnvironmentFile=/etc/default/etcd-by-hand
ExecStart=${BINARY} --logger=zap --client-cert-auth --peer-client-cert-auth
Restart=always
RestartSec=1
LimitNOFILE=40000

[Install]
WantedBy=multi-user.target
`;

/** Hosts with one member each of an etcd that a person set up: a binary, a unit, TLS between all, and a user of its own. */
export class EtcdHosts {
  readonly #fleet: Fleet;
  readonly hosts: readonly Host[];
  readonly #pki: string;

  private constructor(fleet: Fleet, hosts: readonly Host[], pki: string) {
    this.#fleet = fleet;
    this.hosts = hosts;
    this.#pki = pki;
  }

  /** Certificates and units; nothing runs yet. */
  static async make(fleet: Fleet, hosts: readonly Host[], etcdctl: string): Promise<EtcdHosts> {
    const pki = join(fleet.folder, 'etcd-pki');
    mkdirSync(pki, { mode: 0o700 });
    const ca = await makeCa('etcd-ca');
    const client = await issueLeaf(ca, { commonName: 'farrier', usages: ['client'] });
    for (const [name, text] of Object.entries({ 'ca.crt': ca.certificate, 'client.crt': client.certificate, 'client.key': client.key })) writeFileSync(join(pki, name), text, { mode: 0o600 });
    const made = new EtcdHosts(fleet, hosts, pki);
    await Promise.all(hosts.map((host) => made.#setUp(host, ca, etcdctl)));
    return made;
  }

  endpointOf(host: Host): string {
    return `https://${host.address}:2379`;
  }

  /** A new cluster of that binary, with nothing in it. Resolves when every member is well. @param settings beside its own, without `ETCD_` */
  async form(binary: string, settings: Readonly<Record<string, string>> = {}): Promise<void> {
    await Promise.all(
      this.hosts.map(async (host) => {
        await host.writeFile('/etc/default/etcd-by-hand', Object.entries({ ...this.#settingsOf(host), ...settings }).map(([name, value]) => `ETCD_${name}=${value}\n`).join(''));
        await host.mustExec(['sh', '-c', `systemctl stop etcd.service; rm -rf /var/lib/etcd-by-hand ${BINARY} ${BINARY}.prev; install -d -o etcd -g etcd -m 700 /var/lib/etcd-by-hand`]);
        await host.copyIn(binary, BINARY);
        await host.mustExec(['chmod', '755', BINARY]);
      }),
    );
    await Promise.all(this.hosts.map((host) => host.mustExec(['systemctl', 'enable', '--quiet', '--now', 'etcd.service'])));
    for (const host of this.hosts) await this.healthy(host);
  }

  /** Resolves when the member reads with a quorum. */
  async healthy(host: Host): Promise<void> {
    for (const untilMs = performance.now() + HEALTHY_WITHIN_MS; ; await sleep(500)) {
      const { exitCode, stderr } = await this.#ctl(host, 'endpoint', 'health');
      if (exitCode === 0) return;
      if (performance.now() > untilMs) throw new Error(`the member of ${host.name} is not well: ${stderr}`);
    }
  }

  /** Writes until there is no space left. */
  async fillUp(): Promise<void> {
    const [host] = this.hosts as readonly [Host];
    const put = ['etcdctl', ...this.#place(host), 'put', 'big'].join(' ');
    const script = `head -c ${VALUE_BYTES} /dev/zero | tr '\\0' x > /root/value; for i in $(seq ${PUTS_MAX}); do ${put} < /root/value || exit 0; done; exit 1`;
    await host.mustExec(['sh', '-c', script], { env: { ETCDCTL_API: '3' } });
  }

  /** Of the binary that runs, as the member says it. */
  async versions(): Promise<readonly string[]> {
    return await Promise.all(this.hosts.map(async (host) => {
      const [{ Status }] = JSON.parse((await this.#ctl(host, 'endpoint', 'status', '--write-out', 'json')).stdout) as [{ Status: { version: string } }];
      return Status.version;
    }));
  }

  async clusterVersion(): Promise<string> {
    const { stdout } = await this.#fleet.switchExec(['curl', '--silent', '--cacert', join(this.#pki, 'ca.crt'), '--cert', join(this.#pki, 'client.crt'), '--key', join(this.#pki, 'client.key'), `${this.endpointOf(this.hosts[0] as Host)}/version`]);
    return (JSON.parse(stdout) as { readonly etcdcluster: string }).etcdcluster;
  }

  /** Writes to all members from outside. @returns how it is ended, with what it saw. */
  startWriter(): () => Promise<EtcdWritten> {
    const child = this.#fleet.spawnInSwitch([process.execPath, WRITER, this.#pki, ...this.hosts.map((host) => this.endpointOf(host))], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const gone = once(child, 'exit');
    return async () => {
      child.stdin?.end();
      await gone;
      return JSON.parse(said) as EtcdWritten;
    };
  }

  #ctl(host: Host, ...args: readonly string[]) {
    return host.exec(['etcdctl', ...this.#place(host), ...args], { env: { ETCDCTL_API: '3' }, timeoutMs: 20_000 });
  }

  #place(host: Host): readonly string[] {
    return ['--endpoints', this.endpointOf(host), '--cacert', '/etc/farrier/etcd/ca.crt', '--cert', '/etc/farrier/etcd/client.crt', '--key', '/etc/farrier/etcd/client.key'];
  }

  #settingsOf(host: Host): Readonly<Record<string, string>> {
    const peer = `https://${host.address}:2380`;
    return {
      NAME: host.name, DATA_DIR: '/var/lib/etcd-by-hand',
      LISTEN_CLIENT_URLS: `https://127.0.0.1:2379,${this.endpointOf(host)}`, ADVERTISE_CLIENT_URLS: this.endpointOf(host), LISTEN_PEER_URLS: peer, INITIAL_ADVERTISE_PEER_URLS: peer,
      INITIAL_CLUSTER: this.hosts.map((each) => `${each.name}=https://${each.address}:2380`).join(','), INITIAL_CLUSTER_TOKEN: 'by-hand', INITIAL_CLUSTER_STATE: 'new',
      TRUSTED_CA_FILE: `${PKI}/ca.crt`, CERT_FILE: `${PKI}/member.crt`, KEY_FILE: `${PKI}/member.key`, PEER_TRUSTED_CA_FILE: `${PKI}/ca.crt`, PEER_CERT_FILE: `${PKI}/member.crt`, PEER_KEY_FILE: `${PKI}/member.key`,
    };
  }

  async #setUp(host: Host, ca: KeyedCertificate, etcdctl: string): Promise<void> {
    await host.mustExec(['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'etcd']);
    await host.copyIn(etcdctl, '/usr/local/bin/etcdctl');
    await host.mustExec(['chmod', '755', '/usr/local/bin/etcdctl']);
    const { certificate, key } = await issueLeaf(ca, { commonName: host.name, names: [host.name, host.address, 'localhost', '127.0.0.1'], usages: ['client', 'server'] });
    await host.writeFile(`${PKI}/ca.crt`, ca.certificate);
    await host.writeFile(`${PKI}/member.crt`, certificate);
    await host.writeFile(`${PKI}/member.key`, key);
    await host.mustExec(['sh', '-c', `chown -R etcd:etcd ${PKI} && chmod 600 ${PKI}/member.key`]);
    for (const name of ['ca.crt', 'client.crt', 'client.key']) await host.writeFile(`/etc/farrier/etcd/${name}`, readFileSync(join(this.#pki, name), 'utf8'), 0o600);
    await host.writeFile('/etc/systemd/system/etcd.service', UNIT);
    await host.mustExec(['systemctl', 'daemon-reload']);
  }
}
