import type { HostFacts } from '../../shared/domain/host-facts.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { type EtcdInstallation, type LocalEtcd, localEtcd } from '../core/etcd-places.ts';
import { readEtcdSetup } from '../facts/etcd-setup.ts';
import type { HostFiles } from '../facts/host-files.ts';
import { k3sDataDir } from '../facts/k3s.ts';
import { lastFlagValue, lastYamlValue, unitFiles } from '../facts/kubelet-flags.ts';
import type { EtcdHost } from '../ports/etcd-host.ts';

/** A Kubernetes datastore of which this host holds a copy. */
export type LocalDatastore =
  /** `unit`: one that a person runs as etcd.service, for a control plane that has its etcd elsewhere. */
  | { readonly kind: 'etcd'; readonly installation: EtcdInstallation | 'unit'; readonly etcd: LocalEtcd }
  /** `server` is K3s' own folder of that name; `version` of K3s, which is what can restore it. */
  | { readonly kind: 'sqlite'; readonly server: string; readonly version: string };

/**
 * no-datastore        this host is none of a control plane
 * external-datastore  it is, and what it needs lies elsewhere
 */
type NoDatastore = Failure<'no-datastore' | 'external-datastore'>;

export type FoundDatastore = { readonly ok: true; readonly datastore: LocalDatastore } | NoDatastore;

const RKE2 = '/var/lib/rancher/rke2';

/** What this host keeps for its cluster, and where to ask for it. */
export async function findDatastore(facts: Pick<HostFacts, 'kubernetes'>, files: HostFiles, host: Pick<EtcdHost, 'unit'>, signal: AbortSignal): Promise<FoundDatastore> {
  const found = ofKubernetes(facts, files);
  if (found.ok) return found;
  const setup = await readEtcdSetup(files, host, signal);
  return setup?.runBy.kind === 'unit' ? { ok: true, datastore: { kind: 'etcd', installation: 'unit', etcd: { ...setup.place, dataDir: setup.dataDir } } } : found;
}

function ofKubernetes({ kubernetes }: Pick<HostFacts, 'kubernetes'>, files: HostFiles): FoundDatastore {
  const etcd = (installation: EtcdInstallation, dataDir?: string) => ({ ok: true, datastore: { kind: 'etcd', installation, etcd: localEtcd(installation, dataDir) } }) as const;
  if (kubernetes?.kind === 'kubeadm') {
    if (kubernetes.etcd.kind === 'stacked') return etcd('kubeadm');
    return kubernetes.etcd.kind === 'external' ? external('the API server of this host uses an etcd elsewhere') : none('this host is a worker of kubeadm');
  }
  if (kubernetes?.kind === 'k3s') {
    const dataDir = k3sDataDir(files);
    switch (kubernetes.datastore) {
      case 'etcd': return etcd('k3s', dataDir);
      case 'sqlite': return { ok: true, datastore: { kind: 'sqlite', server: `${dataDir}/server`, version: kubernetes.version ?? 'unknown' } };
      case 'external': return external('K3s on this host keeps its datastore elsewhere');
      case 'none': return none(kubernetes.role === 'agent' ? 'this host is an agent of K3s' : 'K3s has made no datastore on this host yet');
    }
  }
  const rke2 = rke2DataDir(files);
  return files.exists(`${rke2}/server/db/etcd`) ? etcd('rke2', rke2) : none('neither kubeadm nor K3s nor RKE2 keeps a datastore on this host, nor does an etcd.service with certificates');
}

function rke2DataDir(files: HostFiles): string {
  return lastFlagValue(files, unitFiles(files, 'rke2-server.service'), 'data-dir') ?? lastYamlValue(files, ['/etc/rancher/rke2/config.yaml'], 'data-dir') ?? RKE2;
}

function none(why: string): NoDatastore {
  return failure('no-datastore', `there is nothing to take a snapshot of: ${why}; take snapshots on the hosts of the control plane`);
}

function external(why: string): NoDatastore {
  return failure('external-datastore', `there is nothing to take a snapshot of here: ${why}; take snapshots where it lies`);
}
