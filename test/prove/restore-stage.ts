import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { formatIdentity, generateIdentity } from '../../shared/age/age-keys.ts';
import type { Host } from '../fleet/host.ts';
import { unpackedPrograms } from '../fleet/unpacked-programs.ts';
import { CLUSTER, type ClusterStage } from './steps/cluster-stage.ts';

/** kubeadm's own certificate for such looks. */
const ETCD_PKI = '/etc/kubernetes/pki/etcd';
const ETCDCTL = ['etcdctl', '--endpoints=https://127.0.0.1:2379', `--cacert=${ETCD_PKI}/ca.crt`, `--cert=${ETCD_PKI}/healthcheck-client.crt`, `--key=${ETCD_PKI}/healthcheck-client.key`];
const SNAPSHOTS = '/var/lib/farrier-snapshots/taken';
const KEY_FILE = '/root/offline.key';

/** A cluster whose hosts take snapshots that an offline key opens. */
export class RestoreStage {
  readonly #stage: ClusterStage;
  readonly #offline = generateIdentity();
  #snapshot = '';

  constructor(stage: ClusterStage) {
    this.#stage = stage;
  }

  get hosts(): readonly Host[] {
    return this.#stage.cluster.controlPlanes;
  }

  /** An offline key, and hosts that seal for it. */
  async prepareKeys(): Promise<void> {
    const settings = `snapshots:\n  cluster: ${CLUSTER}\n  recipients: [${this.#offline.recipient.text}]\n`;
    for (const host of this.hosts) await host.writeFile('/etc/farrier/agent.d/snapshots.yaml', settings);
    await this.#stage.farrier.control.writeFile(KEY_FILE, `# kept far from here\n${formatIdentity(this.#offline)}\n`, 0o600);
  }

  async prepareTools(): Promise<void> {
    const programs = [`${await unpackedPrograms('trixie', 'etcd-server')}/etcdutl`, `${await unpackedPrograms('trixie', 'etcd-client')}/etcdctl`];
    for (const host of this.hosts) for (const program of programs) await host.copyIn(program, `/usr/local/bin/${basename(program)}`);
  }

  async ctl(host: Host, ...words: readonly string[]): Promise<string> {
    return await host.mustExec([...ETCDCTL, ...words], { env: { ETCDCTL_API: '3' } });
  }

  /** What etcdctl says within some seconds, whatever its exit code. */
  async watchFrom(host: Host, revision: number): Promise<string> {
    const { stdout, stderr } = await host.exec(['timeout', '4', ...ETCDCTL, 'watch', '--prefix', '/', `--rev=${revision}`], { env: { ETCDCTL_API: '3' } });
    return stdout + stderr;
  }

  /** Writes keys one after another until it is stopped. @returns how many were acknowledged */
  async startWriter(host: Host): Promise<() => Promise<number>> {
    await host.writeFile('/root/writer', `#!/bin/sh\ni=0\nwhile ${ETCDCTL.join(' ')} put /load/$i x >/dev/null; do i=$((i+1)); echo $i >/root/written; done\n`, 0o755);
    await host.mustExec(['systemd-run', '--quiet', '--unit=writer', '--setenv=ETCDCTL_API=3', '/root/writer']);
    return async () => {
      await host.exec(['systemctl', 'stop', 'writer.service']);
      return Number(await host.mustExec(['cat', '/root/written']));
    };
  }

  /** On that host, sealed; its copy and its record are carried to the coordinator's host. */
  async take(host: Host): Promise<void> {
    await host.mustExec(['farrier-agent', 'snapshot', 'take']);
    const [taken] = (JSON.parse(await host.mustExec(['farrier-agent', 'snapshot', 'ls', '--json'])) as { readonly snapshots: readonly { readonly id: string }[] }).snapshots;
    if (taken === undefined) throw new Error('the agent took no snapshot');
    this.#snapshot = taken.id;
    const folder = mkdtempSync(join(tmpdir(), 'farrier-restore-'));
    try {
      for (const kind of ['snapshot', 'record']) {
        const path = join(folder, kind);
        writeFileSync(path, await host.readFile(`${SNAPSHOTS}/${taken.id}.${kind}`), { mode: 0o600 });
        await this.#stage.farrier.control.copyIn(path, `/root/${taken.id}.${kind}`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  /** By the coordinator, which keeps the copy that hosts restore from. @returns its id */
  async takeHere(): Promise<string> {
    const { farrier } = this.#stage;
    await farrier.putPolicy(`apiVersion: farrier/v1\nkind: FleetPolicy\nspec:\n  snapshots: { recipients: [${this.#offline.recipient.text}] }\n`);
    await farrier.farrier(['snapshot', 'take', CLUSTER]);
    const { snapshots } = JSON.parse(await farrier.farrier(['snapshot', 'ls', CLUSTER, '--json'])) as { readonly snapshots: readonly { readonly snapshot: { readonly id: string; readonly takenUnixMs: number } }[] };
    const newest = snapshots.map(({ snapshot }) => snapshot).toSorted((a, b) => b.takenUnixMs - a.takenUnixMs)[0];
    if (newest === undefined) throw new Error('the coordinator lists no snapshot');
    return newest.id;
  }

  /** From the files that were carried there. @returns the rollout */
  async restore(...options: readonly string[]): Promise<string> {
    return await this.#restore(['--file', `/root/${this.#snapshot}.snapshot`, '--record', `/root/${this.#snapshot}.record`, ...options]);
  }

  /** Of the catalogue. @returns the rollout */
  async restoreId(id: string, ...options: readonly string[]): Promise<string> {
    return await this.#restore([id, ...options]);
  }

  /** `farrier snapshot restore` on the coordinator's host, with what it says is lost typed back. */
  async #restore(which: readonly string[]): Promise<string> {
    const { farrier } = this.#stage;
    const words = ['snapshot', 'restore', '--cluster', CLUSTER, '--identity', KEY_FILE, ...which];
    const unasked = await farrier.tryFarrier(words);
    const lost = /--lost '([^']+)'/.exec(unasked.stderr)?.[1];
    if (lost === undefined) throw new Error(`it does not say what is lost: ${unasked.stderr}`);
    const wrong = await farrier.tryFarrier([...words, '--lost', '9d 9h 9m']);
    if (wrong.exitCode === 0) throw new Error('it was started though something else was typed back');
    return (JSON.parse(await farrier.farrier([...words, '--lost', lost, '--json'])) as { readonly rollout: string }).rollout;
  }

  /** Of the datastore, on that host. */
  async dataIn(host: Host): Promise<readonly string[]> {
    return (await host.mustExec(['ls', '/var/lib/etcd'])).trim().split('\n');
  }

  async manifestsOn(host: Host): Promise<readonly string[]> {
    // The kubelet's package keeps the folder by a file of its own.
    return (await host.mustExec(['ls', '-A', '/etc/kubernetes/manifests'])).trim().split('\n').filter((name) => name !== '.kubelet-keep');
  }

  /** All that is known of a host, for a test that fails. */
  async tell(host: Host): Promise<string> {
    const said = await Promise.all([['farrier-agent', 'journal'], ['journalctl', '--no-pager', '--lines=60', '--output=cat', '--unit=farrier-assignment-*'], ['ls', '-lA', '/var/lib/etcd', '/etc/kubernetes/manifests']].map(async (argv) => (await host.exec(argv)).stdout.slice(-4000)));
    return `== ${host.name}\n${said.join('\n--\n')}`;
  }
}
