import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { grpcEtcdMember } from '../../agent/adapters/etcd/grpc-etcd-member.ts';
import { runProgram } from '../../agent/adapters/run-program.ts';
import { tlsEndpoints } from '../../agent/adapters/tls-endpoints.ts';
import type { EtcdSetup } from '../../agent/facts/etcd-setup.ts';
import type { EtcdPlace } from '../../agent/ports/etcd.ts';
import type { Units } from '../../agent/ports/units.ts';
import { openSealedFileSink } from '../../agent/snapshots/sealed/sealed-file-sink.ts';
import { takeEtcdSnapshot } from '../../agent/snapshots/take-etcd-snapshot.ts';
import { restoreDatastoreStep, type DatastorePrior } from '../../agent/steps/restore/restore-datastore.ts';
import type { RestoreParts } from '../../agent/steps/restore/restore-parts.ts';
import { startDatastoreStep } from '../../agent/steps/restore/start-datastore.ts';
import { type StepContext, stepFailure, type StepResult } from '../../agent/steps/step.ts';
import { readHeader } from '../../shared/age/age-header.ts';
import { generateIdentity, type Identity } from '../../shared/age/age-keys.ts';
import { wrapFileKey } from '../../shared/age/age-stanza.ts';
import { stanzaLine } from '../../shared/age/stanza-line.ts';
import type { RestoreDatastoreSpec, RestoredMember, StartDatastoreSpec } from '../../shared/domain/steps/restore-specs.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { mustRun } from '../fleet/run-program.ts';
import { fillEtcd } from './etcd-fill.ts';
import { type EtcdPki, makeEtcdPki } from './etcd-pki.ts';
import type { EtcdPrograms } from './etcd-programs.ts';
import { ctlFlags } from './etcd-server.ts';
import { etcdToolsFolder } from './etcd-tools.ts';
import { fakeUnits } from './fake-units.ts';
import { freePorts } from './free-port.ts';
import { stepContext } from './step-context.ts';
import { upToCapture } from './step-run.ts';

const never = new AbortController().signal;
const UNIT = 'etcd.service';

/** A member of etcd with TLS for clients and peers, and systemd's part in it played by this process. */
export class RestoreHost {
  readonly folder = mkdtempSync(join(tmpdir(), 'farrier-restore-'));
  readonly dataDir = join(this.folder, 'data');
  readonly unitsDir = join(this.folder, 'units');
  readonly identity: Identity = generateIdentity();
  readonly member: RestoredMember;
  readonly place: EtcdPlace;
  readonly #programs: EtcdPrograms;
  readonly #argv: readonly string[];
  #child: ChildProcess | null = null;

  constructor(programs: EtcdPrograms, member: RestoredMember, pki: EtcdPki, cluster: string) {
    this.#programs = programs;
    this.member = member;
    this.place = { endpoint: member.clientUrl, caFile: pki.caFile, certificateFile: pki.certificateFile, keyFile: pki.keyFile };
    mkdirSync(this.dataDir, { mode: 0o700 });
    mkdirSync(this.unitsDir);
    const [peerUrl = ''] = member.peerUrls;
    this.#argv = [
      '--name', member.name, '--data-dir', this.dataDir, '--logger', 'zap', '--initial-cluster', cluster, '--heartbeat-interval', '50', '--election-timeout', '500',
      '--listen-client-urls', member.clientUrl, '--advertise-client-urls', member.clientUrl, '--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl,
      '--client-cert-auth', '--trusted-ca-file', pki.caFile, '--cert-file', pki.serverCertificateFile, '--key-file', pki.serverKeyFile,
      '--peer-client-cert-auth', '--peer-trusted-ca-file', pki.caFile, '--peer-cert-file', pki.serverCertificateFile, '--peer-key-file', pki.serverKeyFile,
    ];
  }

  get isRunning(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** As the unit's start: not at all where a drop-in keeps it from that. */
  begin(): void {
    if (this.isRunning || existsSync(join(this.unitsDir, `${UNIT}.d/zz-farrier-restore.conf`))) return;
    this.#child = spawn('setpriv', ['--pdeathsig', 'KILL', this.#programs.etcd, ...this.#argv], { stdio: 'ignore' });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null || !this.isRunning) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  }

  /** etcdctl, asked about this member. */
  ctl(...args: readonly string[]): Promise<string> {
    return mustRun([this.#programs.etcdctl, ...ctlFlags(this.place), ...args], { timeoutMs: 60_000, env: { ...process.env, ETCDCTL_API: '3' } });
  }

  /** Names beside the data. */
  get names(): readonly string[] {
    return readdirSync(this.dataDir).toSorted();
  }

  readonly units: Units = fakeUnits({
    look: async () => ({ activeState: this.isRunning ? 'active' : 'inactive', subState: 'running', mainPid: 1, startedMs: 1, unitFileState: 'enabled', restarts: 0 }),
    begin: async () => {
      this.begin();
      return '';
    },
    stop: async () => {
      await this.stop();
      return '';
    },
  });

  setup(): EtcdSetup {
    const { name, peerUrls, clientUrl } = this.member;
    return { runBy: { kind: 'unit', unit: UNIT }, name, peerUrls, clientUrl, dataDir: this.dataDir, walDir: '', place: this.place };
  }
}

export interface RestoreOutcome {
  readonly results: readonly StepResult[];
  readonly reverts: readonly StepResult[];
  /** What an operator is to know of each host. */
  readonly notes: readonly string[];
}

/** Three members of one cluster and a sealed snapshot of it. */
export class RestoreLab {
  readonly hosts: readonly RestoreHost[];
  readonly folder: string;
  readonly toolsFolder: string;
  readonly offline: Identity = generateIdentity();
  /** Ports where nobody, or a test's own server, answers as an API server. */
  apiServers: readonly string[] = [];
  #snapshot: { readonly path: string; readonly spec: Omit<RestoreDatastoreSpec, 'member' | 'keys' | 'token'> } | null = null;

  private constructor(folder: string, hosts: readonly RestoreHost[], programs: EtcdPrograms) {
    this.folder = folder;
    this.hosts = hosts;
    this.toolsFolder = etcdToolsFolder(join(folder, 'tools'), programs);
  }

  static async start(programs: EtcdPrograms): Promise<RestoreLab> {
    const folder = mkdtempSync(join(tmpdir(), 'farrier-restore-'));
    const pki = await makeEtcdPki(join(folder, 'pki'));
    const ports = await freePorts(6);
    const members = ['m0', 'm1', 'm2'].map((name, index): RestoredMember => ({ name, clientUrl: `https://127.0.0.1:${ports[2 * index]}`, peerUrls: [`https://127.0.0.1:${ports[2 * index + 1]}`] }));
    const cluster = members.map(({ name, peerUrls }) => `${name}=${peerUrls[0]}`).join(',');
    const lab = new RestoreLab(folder, members.map((member) => new RestoreHost(programs, member, pki, cluster)), programs);
    for (const host of lab.hosts) host.begin();
    await lab.untilHealthy();
    return lab;
  }

  /** One of them; which does not matter. */
  get first(): RestoreHost {
    const [host] = this.hosts;
    if (host === undefined) throw new Error('no host');
    return host;
  }

  async fill(prefix: string, count: number): Promise<void> {
    await fillEtcd(this.first.place, { prefix, count, valueBytes: 200 });
  }

  async untilHealthy(): Promise<void> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const reads = await Promise.all(this.hosts.map((host) => grpcEtcdMember(host.place, systemClock).keys({ prefix: '', limit: 0, revision: 0, serializable: false }, never)));
      if (reads.every(({ ok }) => ok)) return;
      if (performance.now() > deadline) throw new Error(JSON.stringify(reads));
      await systemClock.sleep(50, never);
    }
  }

  /** All keys with their values. */
  async contents(): Promise<string> {
    return await this.first.ctl('get', '', '--prefix');
  }

  /** Of one member, sealed for a key that no host has. */
  async take(): Promise<void> {
    const member = grpcEtcdMember(this.first.place, systemClock);
    const taken = await takeEtcdSnapshot({ member, folder: join(this.folder, 'snapshots'), name: 'taken', maxBytesPerS: null, clock: systemClock, openSink: (path, signal) => openSealedFileSink(path, [this.offline.recipient], signal) }, never);
    if (!taken.ok || taken.snapshot.sealed === null) throw new Error(JSON.stringify(taken));
    const { path, plain, sealed, etcdVersion } = taken.snapshot;
    this.#snapshot = {
      path,
      spec: { kind: 'restore_datastore', name: 'restore', timeoutMs: 60_000, snapshot: refOf(sealed), plain: refOf(plain), version: etcdVersion, tool: null, members: this.hosts.map(({ member: one }) => one) },
    };
  }

  /** What `farrier snapshot restore` does where the offline key is. */
  handOver(host: RestoreHost): string {
    const opened = readHeader(readFileSync(this.snapshot.path).subarray(0, 4096), [this.offline]);
    if (opened === null || !opened.ok) throw new Error('its own key does not open it');
    return stanzaLine(wrapFileKey(opened.fileKey, host.identity.recipient));
  }

  get snapshot() {
    if (this.#snapshot === null) throw new Error('none was taken');
    return this.#snapshot;
  }

  parts(host: RestoreHost): RestoreParts {
    const none = async (): Promise<never> => Promise.reject(new Error('nobody expects this of a host without kubelet'));
    return {
      setup: async () => host.setup(),
      memberAt: (place) => grpcEtcdMember(place, systemClock),
      endpoints: tlsEndpoints, units: host.units, run: runProgram, clock: systemClock,
      processes: { named: none }, truth: { kubelet: none, node: none, apiServer: none },
      artifacts: {
        fetch: async (artifact, to) => {
          mkdirSync(to, { recursive: true, mode: 0o700 });
          if (artifact.sha256 !== this.snapshot.spec.snapshot.sha256) return stepFailure('artifact-unknown', artifact.sha256);
          copyFileSync(this.snapshot.path, join(to, artifact.sha256));
          return { ok: true, path: join(to, artifact.sha256) };
        },
      },
      identity: async () => host.identity,
      toolFolders: [this.toolsFolder], unitsDir: host.unitsDir, places: { kubernetes: join(host.folder, 'kubernetes'), kubelet: join(host.folder, 'kubelet') },
    };
  }

  spec(host: RestoreHost, token: string): RestoreDatastoreSpec {
    return { ...this.snapshot.spec, member: host.member.name, token, keys: [this.handOver(host)] };
  }

  startSpec(host: RestoreHost, timeoutMs: number): StartDatastoreSpec {
    return { kind: 'start_datastore', name: 'start', timeoutMs, members: this.hosts.map(({ member }) => member), member: host.member.name, apiServers: this.apiServers };
  }

  context(host: RestoreHost, step: string, earlier: StepContext['earlier'] = []): StepContext {
    const folder = join(host.folder, step);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return stepContext({ folder, earlier });
  }

  /** Restores all hosts at once, as their agents would; a host whose step fails puts back what it did, last first. @param spoil may break one right before it is applied */
  async restore(token: string, startMaxMs: number, spoil: (host: RestoreHost) => void = () => undefined): Promise<RestoreOutcome> {
    const ended = await Promise.all(this.hosts.map((host) => this.#restoreHost(host, token, startMaxMs, spoil)));
    return { results: ended.map(({ result }) => result), reverts: ended.flatMap(({ reverted }) => reverted), notes: ended.map(({ note }) => note) };
  }

  async #restoreHost(host: RestoreHost, token: string, startMaxMs: number, spoil: (host: RestoreHost) => void): Promise<{ readonly result: StepResult; readonly reverted: readonly StepResult[]; readonly note: string }> {
    const parts = this.parts(host);
    const [restore, start] = [restoreDatastoreStep(parts), startDatastoreStep(parts)];
    const [spec, startSpec] = [this.spec(host, token), this.startSpec(host, startMaxMs)];
    const context = this.context(host, `restore-${token}`);
    const startContext = this.context(host, `start-${token}`, [{ spec, folder: context.folder }]);
    const prior: DatastorePrior = await upToCapture(restore, spec, context);
    spoil(host);
    let result = await restore.apply(spec, prior, context);
    const note = result.ok ? (result.note ?? '') : '';
    if (result.ok) result = await restore.verify(spec, prior, context);
    if (!result.ok) return { result, note, reverted: [await restore.revert(spec, prior, context)] };
    result = await start.apply(startSpec, null, startContext);
    if (result.ok) result = await start.verify(startSpec, null, startContext);
    if (result.ok) return { result, note, reverted: [] };
    return { result, note, reverted: [await start.revert(startSpec, null, startContext), await restore.revert(spec, prior, context)] };
  }

  async dispose(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.stop()));
    for (const { folder } of [this, ...this.hosts]) rmSync(folder, { recursive: true, force: true });
  }
}

function refOf({ digest, sizeBytes }: { readonly digest: string; readonly sizeBytes: number }) {
  return { sha256: digest, size: sizeBytes };
}
