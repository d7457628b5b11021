import type { DatastoreFacts } from '../../shared/domain/host-facts.ts';
import { HTTPS_URL_PATTERN, MEMBER_NAME_PATTERN, PEER_URLS_MAX } from '../../shared/domain/step-limits.ts';
import { localEtcd } from '../core/etcd-places.ts';
import type { EtcdPlace } from '../ports/etcd.ts';
import type { EtcdHost } from '../ports/etcd-host.ts';
import type { HostFiles } from './host-files.ts';
import { lastFlagValue, unitFiles } from './kubelet-flags.ts';

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

const ETCD_UNIT = 'etcd.service';
const MANIFESTS = '/etc/kubernetes/manifests';

/** Kubeadm's, or the one that packages and people run as etcd.service; null where there is none, or where its files do not say enough. */
export async function readEtcdSetup(files: HostFiles, host: Pick<EtcdHost, 'unit'>, signal: AbortSignal): Promise<EtcdSetup | null> {
  const manifest = manifestOf(files, 'etcd');
  if (manifest !== null) return setupFrom((flag) => lastFlagValue(files, [manifest], flag), { kind: 'kubelet' });
  if (unitFiles(files, ETCD_UNIT).length === 0) return null;
  const unit = await host.unit(ETCD_UNIT, signal);
  return unit === null ? null : setupFrom((flag) => unit.settings.get(flag)?.value ?? null, { kind: 'unit', unit: ETCD_UNIT });
}

/** What a restore of the cluster's datastore has to know of this host. */
export async function readDatastoreFacts(files: HostFiles, host: Pick<EtcdHost, 'unit'>, signal: AbortSignal): Promise<DatastoreFacts | null> {
  const setup = await readEtcdSetup(files, host, signal);
  const manifest = manifestOf(files, 'kube-apiserver');
  const address = manifest === null ? null : lastFlagValue(files, [manifest], 'advertise-address');
  const port = manifest === null ? null : lastFlagValue(files, [manifest], 'secure-port');
  const apiServer = address === null ? null : `https://${address.includes(':') ? `[${address}]` : address}:${port ?? '6443'}`;
  const facts: DatastoreFacts = { member: setup === null || !isTellable(setup) ? null : { name: setup.name, peerUrls: setup.peerUrls, clientUrl: setup.clientUrl }, apiServer: apiServer !== null && HTTPS_URL_PATTERN.test(apiServer) ? apiServer : null };
  return facts.member === null && facts.apiServer === null ? null : facts;
}

/** What a coordinator would not believe is not told: it refuses such facts whole. */
function isTellable({ name, peerUrls, clientUrl }: EtcdSetup): boolean {
  return MEMBER_NAME_PATTERN.test(name) && peerUrls.length <= PEER_URLS_MAX && [...peerUrls, clientUrl].every((url) => HTTPS_URL_PATTERN.test(url));
}

/** Where it lies, also while a restore has it moved out (manifests-out.ts). */
function manifestOf(files: HostFiles, pod: string): string | null {
  return [`${MANIFESTS}/${pod}.yaml`, `${MANIFESTS}/.${pod}.yaml.farrier-out`].find((path) => files.exists(path)) ?? null;
}

function setupFrom(setting: (flag: string) => string | null, runBy: EtcdSetup['runBy']): EtcdSetup | null {
  const [name, dataDir, [clientUrl], peerUrls] = [setting('name'), setting('data-dir'), urlsIn(setting('advertise-client-urls')), urlsIn(setting('initial-advertise-peer-urls'))];
  if (name === null || dataDir?.startsWith('/') !== true || clientUrl === undefined || peerUrls.length === 0) return null;
  const common = { runBy, name, peerUrls, clientUrl, dataDir, walDir: setting('wal-dir') ?? '' };
  if (runBy.kind === 'kubelet') return { ...common, place: localEtcd('kubeadm') };
  const [caFile, certificateFile, keyFile] = [setting('trusted-ca-file'), setting('cert-file'), setting('key-file')];
  // Whoever runs a member by hand has no client's certificate that we could know: the member's own is of the same authority.
  return caFile === null || certificateFile === null || keyFile === null ? null : { ...common, place: { endpoint: clientUrl, caFile, certificateFile, keyFile } };
}

function urlsIn(list: string | null): readonly string[] {
  return (list ?? '').split(',').filter((url) => url.startsWith('https://'));
}
