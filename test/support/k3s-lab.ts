import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { Artifacts } from '../../agent/ports/artifacts.ts';
import type { Cri } from '../../agent/ports/cri.ts';
import type { K3s, K3sUnit } from '../../agent/ports/k3s.ts';
import type { NodeTruth } from '../../agent/ports/node-truth.ts';
import type { UnitLook } from '../../agent/ports/units.ts';
import { k3sStep } from '../../agent/steps/k3s/k3s.ts';
import { stepFailure } from '../../agent/steps/step.ts';
import type { K3sSpec } from '../../shared/domain/steps/k3s-spec.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { renderContainerdConfig, runtimesIn } from '../fleet/stand-ins/k3s/render-containerd.ts';
import { fakeUnits } from './fake-units.ts';
import { stepContext } from './step-context.ts';

/** How a version behaves once it is started; all is well where nothing is said. */
interface Behaviour {
  readonly doesNotStart?: boolean;
  readonly crashesAfterMs?: number;
  /** Instead of its own version. */
  readonly reports?: string;
  readonly neverReports?: boolean;
  /** Checkpoints of its kubelet, until it is stopped. */
  readonly writes?: readonly string[];
}

/** K3s on a host that is a folder: a binary is a text that names its version, and time passes only while somebody sleeps. */
export class K3sLab {
  readonly folder = mkdtempSync(join(tmpdir(), 'farrier-k3s-'));
  readonly binary = join(this.folder, 'bin/k3s');
  readonly dataDir = join(this.folder, 'rancher');
  readonly kubeletFolder = join(this.folder, 'kubelet');
  readonly imagesFolder = join(this.dataDir, 'agent/images');
  readonly containerdFolder = join(this.dataDir, 'agent/etc/containerd');
  readonly stepFolder = join(this.folder, 'step');
  readonly behaviours: Record<string, Behaviour> = {};
  /** What the coordinator has; by sha256. */
  readonly offered = new Map<string, string>();
  readonly registries = join(this.folder, 'etc/registries.yaml');
  role: 'server' | 'agent' = 'server';
  hasOtherRuntime = false;
  /** containerd runs on something else than what K3s made. */
  ignoresTemplate = false;
  apiReachable = true;
  /** Of the pods that run. */
  handlersInUse: readonly string[] = [];
  /** When containerd begins to answer. */
  criUpMs = 0;
  output = '';
  /** What systemd was asked. */
  readonly asked: string[] = [];
  #nowMs = 1_000_000;
  #running: { readonly version: string; readonly startedMs: number; readonly pid: number } | null = null;
  #startedMs = 0;
  #pids = 100;

  constructor(version = 'v1.33.5+k3s1') {
    mkdirSync(dirname(this.binary));
    mkdirSync(this.stepFolder);
    mkdirSync(this.kubeletFolder);
    mkdirSync(join(this.dataDir, 'agent'), { recursive: true });
    writeFileSync(this.binary, program(version), { mode: 0o755 });
    this.start();
    this.#nowMs += 60_000;
  }

  readonly clock: Clock = {
    monotonicMs: () => this.#nowMs,
    wallUnixMs: () => Date.now() + this.#nowMs,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      this.#nowMs += ms;
    },
  };

  readonly units = fakeUnits({
    look: async () => this.look(),
    restart: async () => {
      this.asked.push('restart');
      this.#write();
      this.start();
      return this.#running === null ? 'Job for k3s.service failed' : '';
    },
    stop: async () => {
      this.asked.push('stop');
      this.#write();
      this.#running = null;
      return '';
    },
    lastLines: async () => 'last lines of the unit',
  });

  readonly k3s: K3s = {
    unit: async (unit): Promise<K3sUnit | null> =>
      unit === (this.role === 'server' ? 'k3s.service' : 'k3s-agent.service')
        ? { binary: this.binary, args: [this.role, '--token', 'hush', '--node-label=a=b c'], environment: ['K3S_TOKEN=hush', 'K3S_URL=https://s:6443'], dataDir: this.dataDir, registries: this.registries, hasOtherRuntime: this.hasOtherRuntime }
        : null,
    version: async (binary) => (existsSync(binary) ? versionOf(readFileSync(binary, 'utf8')) : null),
  };

  readonly truthOf = (): Pick<NodeTruth, 'node'> => this.#truth;

  readonly #truth: Pick<NodeTruth, 'node'> = {
    node: async () => {
      this.#pass();
      if (!this.apiReachable) return { reached: false, why: 'connect ECONNREFUSED' };
      const running = this.#running;
      const { reports, neverReports } = this.behaviours[running?.version ?? ''] ?? {};
      const silent = running === null || neverReports === true;
      return { reached: true, node: { name: 'n', ready: !silent, reason: '', runtimeVersion: 'containerd://2.1.4-k3s2', kubeletVersion: reports ?? running?.version ?? 'v1.33.5+k3s1', heartbeatUnixMs: silent ? 1 : this.clock.wallUnixMs() - 1 } };
    },
  };

  readonly artifacts: Artifacts = {
    fetch: async ({ sha256 }, folder) => {
      const text = this.offered.get(sha256);
      if (text === undefined) return stepFailure('artifact-unknown', 'nobody added it');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, sha256), text);
      return { ok: true, path: join(folder, sha256) };
    },
  };

  readonly step = k3sStep({ units: this.units, k3s: this.k3s, truthOf: this.truthOf, clock: this.clock, artifacts: this.artifacts, kubeletFolder: this.kubeletFolder });

  readonly context = (change: Parameters<typeof stepContext>[0] = {}) => stepContext({ folder: this.stepFolder, output: (text) => { this.output += text; }, ...change });

  /** As systemd does it, at a boot too: whatever has the binary's name. */
  start(): void {
    const version = versionOf(readFileSync(this.binary, 'utf8')) ?? '';
    // Two starts are never at one microsecond.
    this.#nowMs += 1;
    this.#startedMs = this.#nowMs;
    const rendered = this.#render(version);
    this.#running = this.behaviours[version]?.doesNotStart === true || !rendered ? null : { version, startedMs: this.#nowMs, pid: (this.#pids += 1) };
    this.#write();
  }

  /** What K3s' containerd answers: the runtimes of the configuration that K3s made of its template. */
  readonly cri: Pick<Cri, 'look' | 'handlersInUse'> = {
    handlersInUse: async () => (this.#running === null || this.clock.monotonicMs() < this.criUpMs ? { ok: false, why: 'nobody listens' } : { ok: true, handlers: this.handlersInUse }),
    look: async () => {
      if (this.#running === null || this.clock.monotonicMs() < this.criUpMs) return { reached: false, why: 'nobody listens' };
      const handlers = this.ignoresTemplate ? ['runc'] : runtimesIn(readFileSync(join(this.containerdFolder, 'config.toml'), 'utf8'));
      return { reached: true, runtime: 'containerd', version: '2.1.4-k3s2', ready: true, why: '', handlers, defaultHandler: 'runc', cgroupDriver: 'systemd' };
    },
  };

  /** As K3s does when it starts, where it has a folder for it. @returns false where it would not start on that */
  #render(version: string): boolean {
    if (!existsSync(this.containerdFolder)) return true;
    const read = (file: string): string | null => (existsSync(join(this.containerdFolder, file)) ? readFileSync(join(this.containerdFolder, file), 'utf8') : null);
    try {
      writeFileSync(join(this.containerdFolder, 'config.toml'), renderContainerdConfig(version, read), { mode: 0o600 });
      return true;
    } catch (error) {
      this.output += String(error);
      return false;
    }
  }

  stop(): void {
    this.#running = null;
  }

  look(): UnitLook {
    this.#pass();
    const running = this.#running;
    const state = running === null ? { activeState: 'failed', subState: 'failed' } : { activeState: 'active', subState: 'running' };
    return { ...state, mainPid: running?.pid ?? 0, startedMs: this.#startedMs, unitFileState: 'enabled', restarts: 0 };
  }

  get runningVersion(): string | null {
    this.#pass();
    return this.#running?.version ?? null;
  }

  spec(version: string, change: Partial<K3sSpec> = {}): K3sSpec {
    const [binary, images] = [program(version), archive(version)];
    for (const text of [binary, images]) this.offered.set(sha256Of(text), text);
    return {
      ...{ kind: 'k3s', name: 'k3s', timeoutMs: 600_000, role: this.role, version, crossesMinor: false },
      binary: { sha256: sha256Of(binary), size: binary.length },
      images: { sha256: sha256Of(images), size: images.length, name: 'k3s-airgap-images-amd64.tar.zst' },
      ...change,
    };
  }

  /** Every file of K3s with content, mode and owner: what has to be equal after a revert. */
  files(): Readonly<Record<string, string>> {
    const found: Record<string, string> = {};
    const visit = (folder: string): void => {
      for (const name of readdirSync(folder).toSorted()) {
        const path = join(folder, name);
        const { mode, uid, gid } = statSync(path);
        const isFolder = statSync(path).isDirectory();
        found[path.slice(this.folder.length)] = `${mode.toString(8)} ${uid}:${gid} ${isFolder ? '' : readFileSync(path, 'utf8')}`;
        if (isFolder) visit(path);
      }
    };
    for (const folder of [dirname(this.binary), this.dataDir, this.kubeletFolder]) visit(folder);
    return found;
  }

  #write(): void {
    const version = this.#running?.version ?? '';
    for (const file of this.behaviours[version]?.writes ?? []) writeFileSync(join(this.kubeletFolder, file), version);
  }

  #pass(): void {
    const running = this.#running;
    const afterMs = running === null ? undefined : this.behaviours[running.version]?.crashesAfterMs;
    if (running !== null && afterMs !== undefined && this.#nowMs - running.startedMs >= afterMs) this.#running = null;
  }
}

function program(version: string): string {
  return `#!k3s version ${version} (0a1b2c3d)\n`;
}

function archive(version: string): string {
  return `images of ${version}`;
}

function versionOf(text: string): string | null {
  return /k3s version (\S+)/.exec(text)?.[1] ?? null;
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
