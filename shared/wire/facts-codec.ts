import {
  DISK_PATHS,
  FACT_CERTIFICATES_MAX,
  FACT_FILES_MAX,
  FACT_FLAG_PATTERN,
  FACT_MOMENT_MAX_MS,
  FACT_PACKAGES,
  FACT_PATH_PATTERN,
  FACT_SENTENCE_PATTERN,
  FACT_TEXT_PATTERN,
  FACT_TOOLS_MAX,
  FACT_VERSION_PATTERN,
  type DatastoreFacts,
  type EtcdFacts,
  type HostFacts,
  type K3sFacts,
  type KubeadmFacts,
  type KubernetesFacts,
  OTHER_TOOLS,
  PACKAGE_FAMILIES,
  type SnapshotFacts,
} from '../domain/host-facts.ts';
import { HTTPS_URL_PATTERN, MEMBER_NAME_PATTERN, PEER_URLS_MAX, RUNTIME_HANDLER_PATTERN } from '../domain/step-limits.ts';
import type { Decoded } from './decoded.ts';
import { decoded } from './decoded.ts';
import { etcdLookFrom } from './etcd-look-codec.ts';
import { FieldCheck } from './field-check.ts';
import type { HostFacts as HostFactsMessage, HostFacts__Output } from './generated/farrier/v1/HostFacts.d.ts';
import type { K3sFacts__Output } from './generated/farrier/v1/K3sFacts.d.ts';
import type { KubeadmFacts__Output } from './generated/farrier/v1/KubeadmFacts.d.ts';
import type { KubeletFacts, KubeletFacts__Output } from './generated/farrier/v1/KubeletFacts.d.ts';

/** What a host tells about itself, as a message of AgentLink and of Fleet. */
export function toFactsMessage(facts: HostFacts): HostFactsMessage {
  const { os, kernel, architecture, cgroupVersion, memoryBytes, freeBytes, runtimes, kubernetes, etcdMember, rebootRequired, otherTools, packages, snapshots, datastore } = facts;
  return {
    ...{ osId: os.id, osVersionId: os.versionId, osPrettyName: os.prettyName, packageFamily: os.packageFamily ?? '' },
    ...{ kernel, architecture, cgroupVersion: cgroupVersion ?? 0, memoryBytes, freeBytes, rebootRequired, packages, otherTools: [...otherTools] },
    ...{ containerd: runtimes.containerd ?? '', runc: runtimes.runc ?? '', crun: runtimes.crun ?? '', docker: runtimes.docker ?? '' },
    ...(kubernetes === null ? {} : kubernetesToMessage(kubernetes)),
    ...(datastore === null ? {} : { datastore: { memberName: datastore.member?.name ?? '', peerUrls: [...(datastore.member?.peerUrls ?? [])], clientUrl: datastore.member?.clientUrl ?? '', apiServer: datastore.apiServer ?? '' } }),
    ...(snapshots === null ? {} : { snapshots: { ...snapshots, tools: [...snapshots.tools] } }),
    ...(etcdMember === null ? {} : { etcdMember: { ...etcdMember, version: etcdMember.version ?? '', clusterVersion: etcdMember.clusterVersion ?? '', members: [...etcdMember.members], alarms: [...etcdMember.alarms] } }),
  };
}

/** Strict, for an agent may be hostile. What only a newer agent knows is skipped. */
export function fromFactsMessage(message: HostFacts__Output): Decoded<HostFacts> {
  const check = new FieldCheck();
  for (const field of ['osId', 'osVersionId', 'osPrettyName', 'kernel', 'architecture'] as const) check.text(message[field], field, FACT_TEXT_PATTERN);
  check.count(message.memoryBytes, 'memoryBytes');
  const { osId, osVersionId, osPrettyName, kernel, architecture, memoryBytes, rebootRequired, cgroupVersion } = message;
  const facts: HostFacts = {
    os: { id: osId, versionId: osVersionId, prettyName: osPrettyName, packageFamily: PACKAGE_FAMILIES.find((family) => family === message.packageFamily) ?? null },
    ...{ kernel, architecture, memoryBytes, rebootRequired },
    cgroupVersion: cgroupVersion === 1 || cgroupVersion === 2 ? cgroupVersion : null,
    freeBytes: Object.fromEntries(pick(message.freeBytes, DISK_PATHS).map(([path, bytes]) => {
      check.count(bytes, `freeBytes[${path}]`);
      return [path, bytes];
    })),
    runtimes: {
      containerd: version(message.containerd, 'containerd', check),
      runc: version(message.runc, 'runc', check),
      crun: version(message.crun, 'crun', check),
      docker: version(message.docker, 'docker', check),
    },
    kubernetes: kubernetesFrom(message, check),
    etcdMember: message.etcdMember === null ? null : etcdLookFrom(message.etcdMember, 'etcdMember', check),
    otherTools: OTHER_TOOLS.filter((tool) => message.otherTools.includes(tool)),
    packages: Object.fromEntries(pick(message.packages, FACT_PACKAGES).map(([name, text]) => {
      check.text(text, `packages[${name}]`, FACT_VERSION_PATTERN);
      return [name, text];
    })),
    snapshots: message.snapshots === null ? null : snapshotsFrom(message.snapshots, check),
    datastore: message.datastore === null ? null : datastoreFrom(message.datastore, check),
  };
  return check.error === null ? decoded(facts) : { ok: false, error: check.error };
}

/** Only what is asked for: a map from outside may hold any key, in any number. */
function pick<Value, Key extends string>(map: Readonly<Record<string, Value>>, keys: readonly Key[]): readonly (readonly [Key, Value])[] {
  return keys.flatMap((key) => (Object.hasOwn(map, key) ? [[key, map[key] as Value] as const] : []));
}

function version(text: string, field: string, check: FieldCheck): string | null {
  if (text === '') return null;
  check.text(text, field, FACT_VERSION_PATTERN);
  return text;
}

function datastoreFrom({ memberName, peerUrls, clientUrl, apiServer }: NonNullable<HostFacts__Output['datastore']>, check: FieldCheck): DatastoreFacts {
  if (memberName !== '') {
    check.text(memberName, 'datastore.memberName', MEMBER_NAME_PATTERN);
    check.count(peerUrls.length, 'datastore.peerUrls', { min: 1, max: PEER_URLS_MAX });
    for (const url of [...peerUrls, clientUrl]) check.text(url, 'datastore.peerUrls', HTTPS_URL_PATTERN);
  }
  if (apiServer !== '') check.text(apiServer, 'datastore.apiServer', HTTPS_URL_PATTERN);
  return { member: memberName === '' ? null : { name: memberName, peerUrls, clientUrl }, apiServer: apiServer === '' ? null : apiServer };
}

function snapshotsFrom({ recipient, mayProve, reason, tools, freeBytes }: NonNullable<HostFacts__Output['snapshots']>, check: FieldCheck): SnapshotFacts {
  check.text(recipient, 'snapshots.recipient', /^age1[0-9a-z]{58}$/);
  check.text(reason, 'snapshots.reason', FACT_SENTENCE_PATTERN);
  check.count(tools.length, 'snapshots.tools', { max: FACT_TOOLS_MAX });
  for (const minor of tools) check.text(minor, 'snapshots.tools', /^\d{1,3}\.\d{1,3}$/);
  check.count(freeBytes, 'snapshots.freeBytes');
  return { recipient, mayProve, reason, tools, freeBytes };
}

function kubernetesToMessage(facts: KubernetesFacts): Pick<HostFactsMessage, 'kubeadm' | 'k3s'> {
  const { nodeName, criSocket, failCgroupV1, podInfraImageFlagIn, certificates } = facts;
  const node: KubeletFacts = {
    ...{ nodeName, criSocket, podInfraImageFlagIn: [...podInfraImageFlagIn], certificates: [...certificates] },
    ...(failCgroupV1 === null ? {} : { failCgroupV1 }),
  };
  if (facts.kind === 'k3s') return { k3s: { node, role: facts.role, version: facts.version ?? '', datastore: facts.datastore, foundRuntimes: [...facts.foundRuntimes] } };
  const { role, kubeadm, kubelet, kubectl, apiserver, etcd } = facts;
  const stacked = etcd.kind === 'stacked' ? { etcdVersion: etcd.version ?? '', etcdExperimentalFlags: [...etcd.experimentalFlags] } : {};
  return { kubeadm: { node, role, kubeadm: kubeadm ?? '', kubelet: kubelet ?? '', kubectl: kubectl ?? '', apiserver: apiserver ?? '', etcd: etcd.kind, ...stacked } };
}

function kubernetesFrom({ kubeadm, k3s }: HostFacts__Output, check: FieldCheck): KubernetesFacts | null {
  if (kubeadm) return kubeadmFrom(kubeadm, check);
  return k3s ? k3sFrom(k3s, check) : null;
}

function kubeadmFrom(message: KubeadmFacts__Output, check: FieldCheck): KubeadmFacts {
  const { role } = message;
  check.that(role === 'control-plane' || role === 'worker', 'kubeadm.role', 'is neither control-plane nor worker');
  return {
    kind: 'kubeadm',
    role: role === 'worker' ? 'worker' : 'control-plane',
    kubeadm: version(message.kubeadm, 'kubeadm.kubeadm', check),
    kubelet: version(message.kubelet, 'kubeadm.kubelet', check),
    kubectl: version(message.kubectl, 'kubeadm.kubectl', check),
    apiserver: version(message.apiserver, 'kubeadm.apiserver', check),
    etcd: etcdFrom(message, check),
    ...kubeletFrom(message.node, 'kubeadm.node', check),
  };
}

function etcdFrom({ etcd, etcdVersion, etcdExperimentalFlags }: KubeadmFacts__Output, check: FieldCheck): EtcdFacts {
  if (etcd === 'none' || etcd === 'external') return { kind: etcd };
  check.that(etcd === 'stacked', 'kubeadm.etcd', 'is neither stacked nor external nor none');
  texts(etcdExperimentalFlags, 'kubeadm.etcdExperimentalFlags', FACT_FLAG_PATTERN, check);
  return { kind: 'stacked', version: version(etcdVersion, 'kubeadm.etcdVersion', check), experimentalFlags: etcdExperimentalFlags };
}

const DATASTORES = ['sqlite', 'etcd', 'external', 'none'] as const;

function k3sFrom(message: K3sFacts__Output, check: FieldCheck): K3sFacts {
  const { role } = message;
  const datastore = DATASTORES.find((kind) => kind === message.datastore);
  check.that(role === 'server' || role === 'agent', 'k3s.role', 'is neither server nor agent');
  texts(message.foundRuntimes, 'k3s.foundRuntimes', RUNTIME_HANDLER_PATTERN, check);
  check.that(datastore !== undefined, 'k3s.datastore', `is none of ${DATASTORES.join(', ')}`);
  return {
    kind: 'k3s',
    role: role === 'agent' ? 'agent' : 'server',
    version: version(message.version, 'k3s.version', check),
    datastore: datastore ?? 'none',
    foundRuntimes: message.foundRuntimes,
    ...kubeletFrom(message.node, 'k3s.node', check),
  };
}

type FromKubelet = Pick<KubernetesFacts, 'nodeName' | 'criSocket' | 'failCgroupV1' | 'podInfraImageFlagIn' | 'certificates'>;

function kubeletFrom(message: KubeletFacts__Output | null, at: string, check: FieldCheck): FromKubelet {
  check.that(message !== null, at, 'is missing');
  const { nodeName = '', criSocket = '', failCgroupV1, podInfraImageFlagIn = [], certificates = [] } = message ?? {};
  check.text(nodeName, `${at}.nodeName`, FACT_TEXT_PATTERN);
  check.text(criSocket, `${at}.criSocket`, FACT_TEXT_PATTERN);
  texts(podInfraImageFlagIn, `${at}.podInfraImageFlagIn`, FACT_PATH_PATTERN, check);
  check.count(certificates.length, `${at}.certificates`, { max: FACT_CERTIFICATES_MAX });
  for (const [index, { path, notAfterUnixMs }] of certificates.entries()) {
    check.text(path, `${at}.certificates[${index}].path`, FACT_PATH_PATTERN);
    check.count(notAfterUnixMs, `${at}.certificates[${index}].notAfterUnixMs`, { min: -FACT_MOMENT_MAX_MS, max: FACT_MOMENT_MAX_MS });
  }
  return { nodeName, criSocket, failCgroupV1: failCgroupV1 ?? null, podInfraImageFlagIn, certificates: certificates.map(({ path, notAfterUnixMs }) => ({ path, notAfterUnixMs })) };
}

function texts(list: readonly string[], field: string, pattern: RegExp, check: FieldCheck): void {
  check.count(list.length, field, { max: FACT_FILES_MAX });
  for (const [index, text] of list.entries()) check.text(text, `${field}[${index}]`, pattern);
}
