import { watch } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ApiClient } from '../api/api-client.ts';
import { kubeTime, type KubeObject } from '../api/kube-object.ts';
import { type RunningPod, runningPods, startPod, stopPod } from './pod-units.ts';
import { readStaticPods, type StaticPod } from './static-pod.ts';

export interface RunnerOptions {
  readonly folder: string;
  readonly nodeName: string;
  /** Of this kubelet. */
  readonly minor: number;
  readonly client: ApiClient;
  readonly log: (line: string) => void;
  readonly passPoint: (at: string) => Promise<void>;
}

const SYNC_EVERY_MS = 1000;
/** The kubelet waits so long before it starts a container again that ended (its back-off begins there). */
const BACK_OFF_MS = 1000;

/** Keeps what runs equal to the manifests in one folder, and mirror pods in the API equal to what runs. */
export class StaticPodRunner {
  readonly #options: RunnerOptions;
  readonly #restarts = new Map<string, number>();
  readonly #startedAt = new Map<string, number>();
  #wake: () => void = () => undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** For ever. `mayRecreate` says when pods of an older kubelet's minor may be replaced: once the node is Ready. */
  async run(mayRecreate: () => boolean): Promise<never> {
    this.#watchFolder();
    for (;;) {
      await this.#sync(mayRecreate()).catch((error: unknown) => this.#options.log(`Unable to sync static pods: ${String(error)}`));
      await Promise.race([sleep(SYNC_EVERY_MS), new Promise<void>((resolve) => { this.#wake = resolve; })]);
    }
  }

  async #sync(mayRecreate: boolean): Promise<void> {
    const { folder, nodeName, log } = this.#options;
    const wanted = readStaticPods(folder, nodeName, log);
    const found = await runningPods();
    for (const name of found.keys()) {
      if (wanted.some((pod) => pod.name === name)) continue;
      log(`Static pod ${name} was removed: killing it`);
      await stopPod(name);
      await this.#deleteMirror('kube-system', name);
    }
    for (const pod of wanted) {
      await this.#keepRunning(pod, found.get(pod.name) ?? null, mayRecreate).catch((error: unknown) => log(`Error syncing pod ${pod.name}: ${String(error)}`));
    }
    const running = await runningPods();
    for (const pod of wanted) await this.#mirror(pod, running.get(pod.name)?.hash === pod.hash).catch((error: unknown) => log(`Failed creating a mirror pod for ${pod.name}: ${String(error)}`));
  }

  async #keepRunning(pod: StaticPod, found: RunningPod | null, mayRecreate: boolean): Promise<void> {
    const { minor, log, passPoint } = this.#options;
    // A kubelet of another minor makes the pods anew, some time after it said Ready (seen from 1.35 to 1.36).
    const isStale = found !== null && mayRecreate && found.startedBy !== String(minor);
    if (found !== null && found.hash === pod.hash && !isStale) return;
    await passPoint(`static-pod-${pod.labels['component'] ?? pod.name}`);
    if (found !== null) {
      log(`Killing pod ${pod.name}: ${isStale ? 'its sandbox changed' : 'its manifest changed'}`);
      await stopPod(pod.name);
    } else if (Date.now() - (this.#startedAt.get(pod.name) ?? 0) < BACK_OFF_MS) {
      return;
    }
    await startPod(pod, minor);
    this.#restarts.set(pod.name, (this.#restarts.get(pod.name) ?? -1) + 1);
    this.#startedAt.set(pod.name, Date.now());
  }

  /** The API shows a static pod under its name and node, with the hash of its manifest; one with another hash is replaced. */
  async #mirror(pod: StaticPod, isRunning: boolean): Promise<void> {
    const { client, nodeName } = this.#options;
    const path = `/api/v1/namespaces/${pod.namespace}/pods`;
    const mirror = await client.find<KubeObject>(`${path}/${pod.name}`);
    const status = this.#statusOf(pod, isRunning);
    if (mirror?.metadata.annotations?.['kubernetes.io/config.mirror'] === pod.hash) {
      if (readinessOf(mirror) !== isRunning) await client.call(`${path}/${pod.name}/status`, { method: 'PATCH', contentType: 'application/merge-patch+json', body: { status } });
      return;
    }
    if (mirror !== null) await this.#deleteMirror(pod.namespace, pod.name);
    const annotations = { ...pod.annotations, 'kubernetes.io/config.hash': pod.hash, 'kubernetes.io/config.mirror': pod.hash, 'kubernetes.io/config.seen': new Date().toISOString(), 'kubernetes.io/config.source': 'file' };
    await client.call(path, { method: 'POST', body: { metadata: { name: pod.name, namespace: pod.namespace, labels: pod.labels, annotations }, spec: { ...pod.spec, nodeName }, status } });
  }

  async #deleteMirror(namespace: string, name: string): Promise<void> {
    await this.#options.client.call(`/api/v1/namespaces/${namespace}/pods/${name}`, { method: 'DELETE' }).catch(() => undefined);
  }

  #statusOf(pod: StaticPod, isRunning: boolean): Readonly<Record<string, unknown>> {
    const now = kubeTime(new Date());
    const state = isRunning ? { running: { startedAt: now } } : { waiting: { reason: 'ContainerCreating' } };
    return {
      phase: isRunning ? 'Running' : 'Pending',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({ type, status: isRunning || type === 'PodScheduled' ? 'True' : 'False', lastTransitionTime: now })),
      containerStatuses: pod.spec.containers.map(({ name, image }) => ({ name, image, ready: isRunning, started: isRunning, restartCount: Math.max(0, this.#restarts.get(pod.name) ?? 0), state })),
    };
  }

  /** inotify makes a change seen at once; without it (the folder is not there yet) the next round sees it. */
  #watchFolder(): void {
    try {
      watch(this.#options.folder, () => this.#wake()).on('error', () => undefined);
    } catch {
      this.#options.log(`Unable to watch ${this.#options.folder}`);
    }
  }
}

function readinessOf(pod: KubeObject): boolean {
  return (pod['status'] as { phase?: string } | undefined)?.phase === 'Running';
}
