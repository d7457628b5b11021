import type { EtcdRunner } from '../../shared/domain/etcd-look.ts';
import type { K3sFacts, KubeadmFacts } from '../../shared/domain/host-facts.ts';
import { localEtcd } from '../core/etcd-places.ts';
import type { HostFiles } from '../facts/host-files.ts';
import { k3sDataDir } from '../facts/k3s.ts';
import { unitFiles } from '../facts/kubelet-flags.ts';
import type { EtcdHost, EtcdUnit } from '../ports/etcd-host.ts';
import type { EtcdPlace } from '../ports/etcd.ts';

/** The member of etcd that runs on this host, and how it is asked. */
export interface LocalMember extends EtcdPlace {
  readonly runsAs: EtcdRunner;
  /** Null where nothing says. */
  readonly dataDir: string | null;
  /** What it was started with; null where nothing says, and etcd's own limit holds. */
  readonly quotaBytes: number | null;
}

/** The unit that Debian's package and etcd's own documentation have. */
const ETCD_UNIT = 'etcd.service';
/** A client's certificate for the agent, of an etcd whose own files are not root's. */
const HANDED_OVER = { caFile: '/etc/farrier/etcd/ca.crt', certificateFile: '/etc/farrier/etcd/client.crt', keyFile: '/etc/farrier/etcd/client.key' } as const;
const RKE2_DATA = '/var/lib/rancher/rke2';

/** What is asked of a host's part in Kubernetes. */
export type RunsEtcd = Pick<KubeadmFacts, 'kind' | 'etcd'> | Pick<K3sFacts, 'kind' | 'datastore'>;

/** From what the host has written down; null where no member runs here, as far as that tells. */
export async function findLocalMember(files: HostFiles, kubernetes: RunsEtcd | null, host: Pick<EtcdHost, 'unit'>, signal: AbortSignal): Promise<LocalMember | null> {
  if (kubernetes?.kind === 'kubeadm' && kubernetes.etcd.kind === 'stacked') return { ...localEtcd('kubeadm'), runsAs: 'kubeadm', quotaBytes: quotaIn(files, '/etc/kubernetes/manifests/etcd.yaml') };
  if (kubernetes?.kind === 'k3s' && kubernetes.datastore === 'etcd') return { ...localEtcd('k3s', k3sDataDir(files)), runsAs: 'k3s', quotaBytes: quotaIn(files, '/etc/rancher/k3s/config.yaml') };
  if (kubernetes === null && files.exists(`${RKE2_DATA}/server/db/etcd`)) return { ...localEtcd('rke2'), runsAs: 'rke2', quotaBytes: quotaIn(files, '/etc/rancher/rke2/config.yaml') };
  if (unitFiles(files, ETCD_UNIT).length === 0) return null;
  const unit = await host.unit(ETCD_UNIT, signal);
  return unit === null ? null : memberOf(unit, files);
}

/**
 * One that was set up by hand. It is asked with what an admin put into /etc/farrier/etcd: the agent reads no file of another
 * user's; else with its own certificate, which etcd needs to be one for clients too. Where nobody gave it one it is asked all the
 * same, and what comes of that says so.
 */
export function memberOf({ settings }: EtcdUnit, files: Pick<HostFiles, 'exists'>): LocalMember {
  const setting = (name: string): string => settings.get(name)?.value ?? '';
  const urls = [...setting('advertise-client-urls').split(','), ...setting('listen-client-urls').split(',')].map((url) => url.trim().replace('://0.0.0.0:', '://127.0.0.1:')).filter((url) => url !== '');
  const quota = Number(setting('quota-backend-bytes'));
  return {
    runsAs: 'systemd',
    dataDir: setting('data-dir').startsWith('/') ? setting('data-dir') : null,
    endpoint: urls.find((url) => url.startsWith('https://')) ?? urls[0] ?? 'http://localhost:2379',
    ...(files.exists(HANDED_OVER.keyFile) ? HANDED_OVER : { caFile: setting('trusted-ca-file'), certificateFile: setting('cert-file'), keyFile: setting('key-file') }),
    quotaBytes: Number.isSafeInteger(quota) && quota > 0 ? quota : null,
  };
}

/** A flag of a manifest, or an `etcd-arg` of K3s' configuration. */
function quotaIn(files: HostFiles, path: string): number | null {
  const quota = Number(/^[^#\n]*\bquota-backend-bytes=(\d{1,15})\b/m.exec(files.text(path) ?? '')?.[1] ?? 0);
  return quota > 0 ? quota : null;
}
