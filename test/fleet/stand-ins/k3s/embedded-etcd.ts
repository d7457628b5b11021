import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { EtcdStore } from '../api/etcd-store.ts';
import { issueLeaf, makeCa, type KeyedCertificate, type LeafOrder } from '../pki/certificates.ts';
import { keepPair, put } from './k3s-files.ts';

export interface EmbeddedEtcdOptions {
  /** K3s' own folder: /var/lib/rancher/k3s/server. */
  readonly server: string;
  readonly node: string;
  /** Where other servers would find this member. */
  readonly address: string;
  /** `etcd` and `etcdutl`, as the host has them: nothing is embedded in a stand-in. */
  readonly programs?: { readonly etcd: string; readonly etcdutl: string };
  readonly clientPort?: number;
  readonly peerPort?: number;
}

const PROGRAMS = { etcd: 'etcd', etcdutl: 'etcdutl' };
const START_MAX_MS = 60_000;
const LOOK_EVERY_MS = 200;

/** The one member of K3s' embedded etcd: a real etcd beside this process, on K3s' paths (k3s-io/k3s, pkg/etcd/etcd.go). */
export class EmbeddedEtcd {
  readonly #options: Required<EmbeddedEtcdOptions>;
  #child: ChildProcess | null = null;

  constructor(options: EmbeddedEtcdOptions) {
    this.#options = { programs: PROGRAMS, clientPort: 2379, peerPort: 2380, ...options };
  }

  /** Whether a server has ever had one here: then it is what K3s starts, whatever its flags. */
  get isInitialized(): boolean {
    return existsSync(join(this.#folder, 'member/wal'));
  }

  /** @param onExit called when it ends before it is stopped @returns its store, once it answers */
  async start(onExit: (code: number | null) => void): Promise<EtcdStore> {
    return await this.#start([], onExit);
  }

  /** What lay there is moved aside, the snapshot put in its place, and a cluster of this member alone made of it. */
  async restore(snapshot: string, onExit: (code: number | null) => void): Promise<EtcdStore> {
    if (!existsSync(snapshot)) throw new Error(`etcd: snapshot path does not exist: ${snapshot}`);
    const name = this.#name();
    const aside = `${this.#folder}-old-${Math.floor(Date.now() / 1000)}`;
    renameSync(this.#folder, aside);
    console.error(`level=info msg="Pre-restore etcd database moved to ${aside}"`);
    execFileSync(this.#options.programs.etcdutl, ['snapshot', 'restore', snapshot, '--data-dir', this.#folder, '--name', name, '--initial-cluster', `${name}=${this.#peerUrl}`, '--initial-advertise-peer-urls', this.#peerUrl], { stdio: ['ignore', 'ignore', 'pipe'] });
    return await this.reset(onExit);
  }

  /** A cluster of this member alone, of the data that is there. */
  async reset(onExit: (code: number | null) => void): Promise<EtcdStore> {
    rmSync(join(this.#folder, 'name'), { force: true });
    put(this.resetFlag, '');
    return await this.#start(['--force-new-cluster'], onExit);
  }

  /** Lies there from a reset until the next normal start, and refuses another one that restores nothing. */
  get resetFlag(): string {
    return join(this.#options.server, 'db/reset-flag');
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }

  get #folder(): string {
    return join(this.#options.server, 'db/etcd');
  }

  get #peerUrl(): string {
    return `https://${this.#options.address}:${this.#options.peerPort}`;
  }

  /** Made once, and by each reset anew. */
  #name(): string {
    const file = join(this.#folder, 'name');
    if (!existsSync(file)) {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      put(file, `${this.#options.node}-${randomBytes(4).toString('hex')}`);
    }
    return readFileSync(file, 'utf8');
  }

  async #start(flags: readonly string[], onExit: (code: number | null) => void): Promise<EtcdStore> {
    const { programs, clientPort } = this.#options;
    const tls = await this.#certificates();
    const endpoint = `https://127.0.0.1:${clientPort}`;
    const name = this.#name();
    const words = [
      '--name', name, '--data-dir', this.#folder, '--listen-client-urls', endpoint, '--advertise-client-urls', endpoint, '--listen-peer-urls', this.#peerUrl,
      '--initial-advertise-peer-urls', this.#peerUrl, '--initial-cluster', `${name}=${this.#peerUrl}`, '--heartbeat-interval', '500', '--election-timeout', '5000', '--log-level', 'error',
      '--client-cert-auth', '--trusted-ca-file', `${tls}/server-ca.crt`, '--cert-file', `${tls}/server-client.crt`, '--key-file', `${tls}/server-client.key`,
      '--peer-client-cert-auth', '--peer-trusted-ca-file', `${tls}/peer-ca.crt`, '--peer-cert-file', `${tls}/peer-server-client.crt`, '--peer-key-file', `${tls}/peer-server-client.key`,
    ];
    // It goes when this process does, as what is embedded would.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', programs.etcd, ...words, ...flags], { stdio: ['ignore', 'ignore', 'inherit'] });
    let isOver = false;
    this.#child = child;
    child.once('error', () => (isOver = true));
    child.once('exit', (code) => {
      isOver = true;
      if (this.#child === child) onExit(code);
    });
    const store = new EtcdStore({ endpoint, caFile: `${tls}/server-ca.crt`, certFile: `${tls}/client.crt`, keyFile: `${tls}/client.key` });
    for (const deadlineMs = Date.now() + START_MAX_MS; ; await sleep(LOOK_EVERY_MS)) {
      if (isOver || Date.now() > deadlineMs) throw new Error('etcd does not start');
      if (await store.get('/health').then(() => true, () => false)) return store;
    }
  }

  async #certificates(): Promise<string> {
    const { server, node, address } = this.#options;
    const tls = join(server, 'tls/etcd');
    const authority = (name: string): Promise<KeyedCertificate> => keepPair(join(tls, name), () => makeCa(`etcd-${name}@${Math.floor(Date.now() / 1000)}`));
    const leaf = (name: string, ca: KeyedCertificate, order: LeafOrder): Promise<KeyedCertificate> => keepPair(join(tls, name), () => issueLeaf(ca, order));
    const [serverCa, peerCa] = [await authority('server-ca'), await authority('peer-ca')];
    const names = ['localhost', '127.0.0.1', node, address];
    await leaf('server-client', serverCa, { commonName: 'etcd-server', names, usages: ['server', 'client'] });
    await leaf('peer-server-client', peerCa, { commonName: 'etcd-peer', names, usages: ['server', 'client'] });
    await leaf('client', serverCa, { commonName: 'etcd-client', usages: ['client'] });
    return tls;
  }
}
