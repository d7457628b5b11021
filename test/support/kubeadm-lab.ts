import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ApiServerAnswer, NodeAnswer, NodeTruth, StaticPodLook } from '../../agent/ports/node-truth.ts';
import type { NodeAnnotations } from '../../agent/ports/node-annotations.ts';
import type { Processes } from '../../agent/ports/processes.ts';
import type { RunProgram } from '../../agent/ports/programs.ts';
import type { UnitLook } from '../../agent/ports/units.ts';
import type { StepContext } from '../../agent/steps/step.ts';
import type { KubeadmPlaces } from '../../agent/steps/kubeadm/kubeadm-places.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { fakeUnits } from './fake-units.ts';
import { stepContext } from './step-context.ts';

export const OLD = '1.33.5';
export const NEW = '1.34.2';

/** What a program answers; `act` is what it does to the host. */
export interface Answer {
  readonly code?: number;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly act?: () => void;
}

/** A node's files in a folder, with fakes of everything that kubeadm's and the kubelet's steps ask or run. */
export class KubeadmLab {
  readonly root = mkdtempSync(join(tmpdir(), 'farrier-kubeadm-'));
  readonly places: KubeadmPlaces = { kubernetes: join(this.root, 'etc/kubernetes'), kubelet: join(this.root, 'var/lib/kubelet') };
  readonly configFile = join(this.places.kubelet, 'config.yaml');
  /** Everything that was asked of systemd and run, in order. */
  readonly did: string[] = [];
  readonly answers = new Map<string, Answer>();
  output = '';
  nowMs = 1_000_000;
  /** Sees each sleep, after the clock went on. */
  onSleep: () => void = () => undefined;
  unit: UnitLook | null = { activeState: 'active', subState: 'running', mainPid: 7, startedMs: 1000, unitFileState: 'enabled', restarts: 0 };
  restartSays = '';
  stopSays = '';
  /** What the next restart starts; null: the same again. */
  onRestart: () => void = () => undefined;
  onStop: () => void = () => undefined;
  health = '';
  node: NodeAnswer = this.nodeAt(OLD);
  api: ApiServerAnswer = { kind: 'none' };
  /** The marks of what runs. */
  readonly running = new Map<string, readonly string[]>();

  constructor() {
    mkdirSync(this.folder, { recursive: true });
    this.write('etc/kubernetes/kubelet.conf', 'kubelet', 0o600);
    this.write('var/lib/kubelet/config.yaml', kubeletConfigText, 0o644);
    this.write('var/lib/kubelet/kubeadm-flags.env', 'KUBELET_KUBEADM_ARGS="--old"\n', 0o644);
  }

  get folder(): string {
    return join(this.root, 'step');
  }

  readonly clock: Clock = {
    monotonicMs: () => this.nowMs,
    wallUnixMs: () => 1_800_000_000_000 + this.nowMs,
    sleep: async (ms) => {
      this.nowMs += ms;
      this.onSleep();
    },
  };

  readonly run: RunProgram = async ([program, ...args], { output }) => {
    const words = [program, ...args].join(' ').replaceAll(this.root, '');
    this.did.push(words);
    const found = [...this.answers].filter(([start]) => words.startsWith(start)).toSorted(([a], [b]) => b.length - a.length)[0]?.[1];
    if (found === undefined) throw new Error(`nobody answers: ${words}`);
    found.act?.();
    output?.(found.stdout ?? '');
    return { code: found.code ?? 0, stdout: found.stdout ?? '', stderr: found.stderr ?? '' };
  };

  readonly units = fakeUnits({
    look: async () => this.unit,
    restart: async (name) => {
      this.did.push(`restart ${name}`);
      if (this.restartSays === '' && this.unit !== null) this.unit = { ...this.unit, activeState: 'active', subState: 'running', mainPid: this.unit.mainPid + 1, startedMs: this.nowMs };
      this.onRestart();
      return this.restartSays;
    },
    stop: async (name) => {
      this.did.push(`stop ${name}`);
      this.onStop();
      if (this.stopSays === '' && this.unit !== null) this.unit = { ...this.unit, activeState: 'inactive', subState: 'dead', mainPid: 0 };
      return this.stopSays;
    },
    lastLines: async () => 'lines of its journal',
  });

  readonly truth: NodeTruth = {
    kubelet: async () => this.health,
    node: async () => this.node,
    apiServer: async () => this.api,
  };

  /** Of the Node. */
  readonly annotations = new Map<string, string>();
  /** Why the API server cannot be asked for them; '' where it can. */
  annotationsSilent = '';

  readonly nodeAnnotations: NodeAnnotations = {
    read: async (key) => (this.annotationsSilent === '' ? { reached: true, value: this.annotations.get(key) ?? null } : { reached: false, why: this.annotationsSilent }),
    write: async (key, value) => {
      if (this.annotationsSilent !== '') return this.annotationsSilent;
      this.did.push(`annotate ${key}=${value}`);
      if (value === null) this.annotations.delete(key);
      else this.annotations.set(key, value);
      return '';
    },
  };

  readonly processes: Processes = { named: async (program) => this.running.get(program) ?? [] };

  /** As the API server has the node: seen right now, and later than anything that was started before. */
  nodeAt(version: string, change: Partial<Extract<NodeAnswer, { readonly reached: true }>['node']> = {}): NodeAnswer {
    return { reached: true, node: { name: 'n1', kubeletVersion: `v${version}`, runtimeVersion: 'containerd://1.7.24', ready: true, reason: '', heartbeatUnixMs: 1_800_000_000_000 + 1_000_000_000, ...change } };
  }

  context(change: Partial<StepContext> = {}): StepContext {
    return stepContext({ folder: this.folder, output: (text) => { this.output += text; }, ...change });
  }

  write(path: string, content: string, mode = 0o600): void {
    const full = join(this.root, path);
    mkdirSync(join(full, '..'), { recursive: true });
    writeFileSync(full, content);
    chmodSync(full, mode);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  /** A control plane of one, at a version. */
  makeControlPlane(version: string): void {
    for (const component of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler']) this.write(`etc/kubernetes/manifests/${component}.yaml`, manifest(component, `v${version}`));
    this.write('etc/kubernetes/manifests/etcd.yaml', manifest('etcd', '3.6.4-0'));
    for (const name of ['apiserver.crt', 'apiserver.key', 'etcd/server.crt', 'etcd/server.key']) this.write(`etc/kubernetes/pki/${name}`, `old ${name}`);
    for (const name of ['admin.conf', 'scheduler.conf', 'controller-manager.conf']) this.write(`etc/kubernetes/${name}`, `old ${name}`);
    this.api = controlPlaneAt(version);
  }

  /** Everything of the node's own files: kind, mode, content. */
  files(): readonly string[] {
    return [...listing(join(this.root, 'etc'), 'etc'), ...listing(join(this.root, 'var'), 'var')];
  }

  end(): void {
    rmSync(this.root, { recursive: true });
  }
}

const MANIFESTS = 'etc/kubernetes/manifests';
const SCRATCH = 'etc/kubernetes/tmp';

/** What kubeadm does to a control plane, up to where it stops. */
export function kubeadmUpgrades(lab: KubeadmLab, until: 'certificates' | 'first-manifest' | 'rolled-back' | 'all'): void {
  const backup = `${SCRATCH}/kubeadm-backup-manifests-2026-01-01-00-00-00`;
  mkdirSync(join(lab.root, SCRATCH, 'kubeadm-backup-etcd-2026-01-01-00-00-00/etcd'), { recursive: true });
  mkdirSync(join(lab.root, backup), { recursive: true });
  lab.write('etc/kubernetes/pki/apiserver.crt', 'new apiserver.crt');
  lab.write('etc/kubernetes/pki/added.crt', 'added');
  if (until === 'certificates') return;
  const swap = (component: string): void => {
    renameSync(join(lab.root, MANIFESTS, `${component}.yaml`), join(lab.root, backup, `${component}.yaml`));
    lab.write(`${MANIFESTS}/${component}.yaml`, manifest(component, `v${NEW}`));
  };
  swap('kube-apiserver');
  if (until === 'rolled-back') renameSync(join(lab.root, backup, 'kube-apiserver.yaml'), join(lab.root, MANIFESTS, 'kube-apiserver.yaml'));
  if (until !== 'all') return;
  for (const component of ['kube-controller-manager', 'kube-scheduler']) swap(component);
  lab.api = controlPlaneAt(NEW);
  rmSync(join(lab.root, SCRATCH), { recursive: true });
  writeKubeletFiles(lab);
}

/** What kubeadm does to every node. */
export function writeKubeletFiles(lab: KubeadmLab): void {
  lab.write('var/lib/kubelet/config.yaml', kubeletConfigText.replace('110', '120'), 0o644);
  lab.write('var/lib/kubelet/kubeadm-flags.env', 'KUBELET_KUBEADM_ARGS="--new"\n', 0o600);
  lab.write('var/lib/kubelet/instance-config.yaml', 'new', 0o644);
  mkdirSync(join(lab.root, SCRATCH, 'kubeadm-kubelet-config-123'), { recursive: true });
}

export function manifest(component: string, tag: string): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: { name: ${component} }\nspec:\n  containers:\n  - name: ${component}\n    image: registry.example:5000/${component}:${tag}\n`;
}

export const kubeletConfigText = `# by kubeadm
apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false # never
clusterDNS:
- 10.96.0.10
kind: KubeletConfiguration
maxPods: 110
`;

function listing(path: string, name: string): readonly string[] {
  const state = lstatSync(path);
  if (state.isSymbolicLink()) return [`${name} -> ${readlinkSync(path)}`];
  const mode = (statSync(path).mode & 0o7777).toString(8);
  if (!state.isDirectory()) return [`${name} ${mode} ${readFileSync(path, 'utf8')}`];
  return [`${name}/ ${mode}`, ...readdirSync(path).toSorted().flatMap((child) => listing(join(path, child), `${name}/${child}`))];
}

/** An API server of a version, with static pods beside it. */
export function controlPlaneAt(version: string, change: Partial<StaticPodLook> & { readonly component?: string } = {}): Extract<ApiServerAnswer, { readonly kind: 'ready' }> {
  const pods = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((component) => ({ component, image: `registry.k8s.io/${component}:${component === 'etcd' ? '3.6.4-0' : `v${version}`}`, ready: true, why: '' }));
  return { kind: 'ready', version: `v${version}`, pods: pods.map((pod) => (pod.component === change.component ? { ...pod, ...change } : pod)) };
}
