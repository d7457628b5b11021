import { existsSync, readFileSync } from 'node:fs';
import { arch, networkInterfaces, release } from 'node:os';

import type { ApiClient } from '../api/api-client.ts';
import { kubeMicroTime, kubeTime, type Condition, type NodeObject } from '../api/kube-object.ts';

export interface NodeReport {
  readonly name: string;
  /** `v1.34.1` */
  readonly kubeletVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly effect: string }[];
  readonly annotations: Readonly<Record<string, string>>;
}

interface Lease {
  readonly metadata: { readonly name: string; readonly resourceVersion?: string };
  readonly spec: { readonly renewTime?: string };
}

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';

/** Tells the API server about one node, as a kubelet does: registers it, patches its status, renews its lease. */
export class NodeReporter {
  readonly #client: ApiClient;
  readonly #report: NodeReport;

  constructor(client: ApiClient, report: NodeReport) {
    this.#client = client;
    this.#report = report;
  }

  /** Creates the node where there is none yet. Idempotent. */
  async register(): Promise<void> {
    const { name, labels, taints, annotations } = this.#report;
    if ((await this.#client.find(`/api/v1/nodes/${name}`)) !== null) return;
    const metadata = { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': goArch(), ...labels }, annotations };
    await this.#client.call('/api/v1/nodes', { method: 'POST', body: { apiVersion: 'v1', kind: 'Node', metadata, spec: taints.length === 0 ? {} : { taints }, status: {} } });
  }

  async postStatus(ready: { readonly isReady: boolean; readonly reason: string; readonly message: string }, nodeInfo: Readonly<Record<string, string>>): Promise<void> {
    const { name } = this.#report;
    const now = kubeTime(new Date());
    const before = (await this.#client.call<NodeObject>(`/api/v1/nodes/${name}`)).status.conditions ?? [];
    const condition = (type: string, status: Condition['status'], reason: string, message: string): Condition => {
      const old = before.find((one) => one.type === type);
      return { type, status, reason, message, lastHeartbeatTime: now, lastTransitionTime: old?.status === status ? (old.lastTransitionTime ?? now) : now };
    };
    const conditions = [
      condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
      condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      condition('Ready', ready.isReady ? 'True' : 'False', ready.reason, ready.message),
    ];
    const status = { conditions, nodeInfo, addresses: [{ type: 'InternalIP', address: ownAddress() }, { type: 'Hostname', address: name }] };
    await this.#client.call(`/api/v1/nodes/${name}/status`, { method: 'PATCH', contentType: 'application/strategic-merge-patch+json', body: { status } });
  }

  /** Whether the API says something else of this node than it posted, as after somebody took it for dead. */
  async isMisreported(isReady: boolean): Promise<boolean> {
    const { status } = await this.#client.call<NodeObject>(`/api/v1/nodes/${this.#report.name}`);
    return status.conditions?.find(({ type }) => type === 'Ready')?.status !== (isReady ? 'True' : 'False');
  }

  async renewLease(): Promise<void> {
    const { name } = this.#report;
    const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: kubeMicroTime(new Date()) };
    const before = await this.#client.find<Lease>(`${LEASES}/${name}`);
    if (before === null) await this.#client.call(LEASES, { method: 'POST', body: { metadata: { name, namespace: 'kube-node-lease' }, spec } });
    else await this.#client.call(`${LEASES}/${name}`, { method: 'PUT', body: { ...before, spec } });
  }
}

/** Of this host, as cAdvisor finds it out for the real kubelet. */
export function nodeInfoOf(kubeletVersion: string, containerRuntimeVersion: string): Readonly<Record<string, string>> {
  const machineID = line('/etc/machine-id');
  const { minor } = { minor: Number(/^v1\.(\d+)/.exec(kubeletVersion)?.[1]) };
  return {
    architecture: goArch(), bootID: line('/proc/sys/kernel/random/boot_id'), containerRuntimeVersion, kernelVersion: release(), kubeProxyVersion: minor >= 33 ? '' : kubeletVersion, kubeletVersion,
    machineID, operatingSystem: 'linux', osImage: /^PRETTY_NAME="(.*)"$/m.exec(text('/etc/os-release'))?.[1] ?? 'Linux',
    systemUUID: line('/sys/class/dmi/id/product_uuid') || machineID,
  };
}

function ownAddress(): string {
  const found = Object.values(networkInterfaces()).flat().find((one) => one !== undefined && one.family === 'IPv4' && !one.internal);
  return found?.address ?? '127.0.0.1';
}

function goArch(): string {
  return arch() === 'arm64' ? 'arm64' : 'amd64';
}

function line(path: string): string {
  return text(path).trim();
}

function text(path: string): string {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  } catch {
    return '';
  }
}
