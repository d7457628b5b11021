import { setTimeout as sleep } from 'node:timers/promises';

import type { Host } from '../host.ts';
import type { KubeObject, NodeObject } from './api/kube-object.ts';
import { faultFile, type StandInFault } from './faults.ts';

const POLL_MS = 100;

/** A cluster on hosts of a fleet, looked at through the API of one of its control planes. */
export class KubernetesCluster {
  readonly controlPlanes: readonly Host[];
  readonly workers: readonly Host[];
  readonly #kubectl: readonly string[];

  /** @param kubectl words before a command, with its kubeconfig. */
  constructor(controlPlanes: readonly Host[], workers: readonly Host[], kubectl: readonly string[]) {
    this.controlPlanes = controlPlanes;
    this.workers = workers;
    this.#kubectl = kubectl;
  }

  /** Runs kubectl on the first control plane that is up. @throws where it fails */
  async kubectl(args: readonly string[], input = ''): Promise<string> {
    const host = this.controlPlanes.find((one) => one.isUp());
    if (host === undefined) throw new Error('no control plane is up');
    return host.mustExec([...this.#kubectl, ...args], { input });
  }

  async get<T>(path: string): Promise<T> {
    return JSON.parse(await this.kubectl(['get', '--raw', path])) as T;
  }

  async create(path: string, object: unknown): Promise<void> {
    await this.kubectl(['create', '--raw', path, '-f', '-'], JSON.stringify(object));
  }

  node(name: string): Promise<NodeObject> {
    return this.get<NodeObject>(`/api/v1/nodes/${name}`);
  }

  async nodes(): Promise<readonly NodeObject[]> {
    return (await this.get<{ readonly items: readonly NodeObject[] }>('/api/v1/nodes')).items;
  }

  /** Name to the version that the kubelet reports, and whether the node is Ready. */
  async versions(): Promise<Readonly<Record<string, string>>> {
    return Object.fromEntries((await this.nodes()).map((node) => [node.metadata.name, `${node.status.nodeInfo?.['kubeletVersion']}${isReady(node) ? '' : ' NotReady'}`]));
  }

  /** Hash of the manifest that a component's mirror pod has in the API. */
  async mirrorHash(component: string, node: string): Promise<string> {
    const pod = await this.get<KubeObject>(`/api/v1/namespaces/kube-system/pods/${component}-${node}`);
    return pod.metadata.annotations?.['kubernetes.io/config.hash'] ?? '';
  }

  /** Waits until every node is Ready with this version. @throws with what they show when the time is up */
  async waitUntilReady(version: string, timeoutMs = 60_000): Promise<void> {
    const count = this.controlPlanes.length + this.workers.length;
    await this.until(timeoutMs, async () => {
      const versions = Object.values(await this.versions());
      return versions.length === count && versions.every((one) => one === version);
    });
  }

  /** Waits until `holds`; an API that does not answer counts as no. */
  async until(timeoutMs: number, holds: () => Promise<boolean>, everyMs = POLL_MS): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      if (await holds().catch(() => false)) return;
      if (performance.now() > deadline) throw new Error(`not so after ${timeoutMs} ms; nodes: ${JSON.stringify(await this.versions().catch(String))}`);
      await sleep(everyMs);
    }
  }
}

/** Tells a stand-in on a host what to do wrong from now on; [] for nothing. */
export async function tellStandIn(host: Host, program: string, faults: readonly StandInFault[]): Promise<void> {
  await host.writeFile(faultFile(program), JSON.stringify(faults));
}

export function isReady(node: NodeObject): boolean {
  return node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}
