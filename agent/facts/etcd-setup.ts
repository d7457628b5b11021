import type { EtcdPlace } from '../ports/etcd.ts';
import { localEtcd } from '../core/etcd-places.ts';
import type { HostFiles } from './host-files.ts';
import { lastFlagValue, lastVariable, unitFiles } from './kubelet-flags.ts';

/** A member of etcd as this host's files set it up, whether or not it runs. */
export interface EtcdSetup {
  /** The kubelet, from a manifest; or systemd, as that unit. */
  readonly runBy: { readonly kind: 'kubelet' } | { readonly kind: 'unit'; readonly unit: string };
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrl: string;
  readonly dataDir: string;
  /** Empty: in the data folder. */
  readonly walDir: string;
  /** Asks it, and the other members too: they know the same authority. */
  readonly place: EtcdPlace;
}

const MANIFEST = '/etc/kubernetes/manifests/etcd.yaml';
/** With its manifest moved out by a restore (restart-static-pods.ts). */
const MANIFEST_OUT = '/etc/kubernetes/manifests/.etcd.yaml.farrier-out';
export const ETCD_UNIT = 'etcd.service';

/** Kubeadm's, or the one that packages and people run as etcd.service; null where there is none, or where its files do not say enough. */
export function readEtcdSetup(files: HostFiles, hostName: string): EtcdSetup | null {
  const manifest = [MANIFEST, MANIFEST_OUT].find((path) => files.exists(path));
  const paths = manifest === undefined ? unitFiles(files, ETCD_UNIT) : [manifest];
  // A flag wins over its variable (etcd, configuration).
  const setting = (flag: string): string | null => lastFlagValue(files, paths, flag) ?? lastVariable(files, paths, `ETCD_${flag.toUpperCase().replaceAll('-', '_')}`);
  const [name, dataDir, clients, peers] = [setting('name')?.replace('%H', hostName), setting('data-dir'), urlsIn(setting('advertise-client-urls')), urlsIn(setting('initial-advertise-peer-urls'))];
  const [clientUrl] = clients;
  if (paths.length === 0 || setting('config-file') !== null || name === undefined || dataDir?.startsWith('/') !== true || clientUrl === undefined || peers.length === 0) return null;
  const common = { name, peerUrls: peers, clientUrl, dataDir, walDir: setting('wal-dir') ?? '' };
  if (manifest !== undefined) return { ...common, runBy: { kind: 'kubelet' }, place: localEtcd('kubeadm') };
  const [caFile, certificateFile, keyFile] = [setting('trusted-ca-file'), setting('cert-file'), setting('key-file')];
  if (caFile === null || certificateFile === null || keyFile === null) return null;
  // Whoever runs a member by hand has no client's certificate that we could know: the member's own is of the same authority.
  return { ...common, runBy: { kind: 'unit', unit: ETCD_UNIT }, place: { endpoint: clientUrl, caFile, certificateFile, keyFile } };
}

function urlsIn(list: string | null): readonly string[] {
  return (list ?? '').split(',').filter((url) => url.startsWith('https://'));
}
