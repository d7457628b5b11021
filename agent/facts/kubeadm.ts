import { type EtcdFacts, FACT_FILES_MAX, FACT_FLAG_PATTERN, FACT_VERSION_PATTERN, type KubeadmFacts } from '../../shared/domain/host-facts.ts';
import { certificatesIn, readCertificates, readNodeName } from './certificates.ts';
import type { HostFiles } from './host-files.ts';
import { filesWithFlag, lastFlagValue, lastYamlValue, unitFiles } from './kubelet-flags.ts';
import { plain } from './os.ts';

const KUBERNETES = '/etc/kubernetes';
const PKI = `${KUBERNETES}/pki`;
const MANIFESTS = `${KUBERNETES}/manifests`;
const KUBELET = '/var/lib/kubelet';
const KUBELET_CLIENT = `${KUBELET}/pki/kubelet-client-current.pem`;
/** Hand the kubelet flags, in the order of its command line: kubeadm's own, and those that packages leave to admins. */
const FLAG_FILES = [`${KUBELET}/kubeadm-flags.env`, '/etc/default/kubelet', '/etc/sysconfig/kubelet'];
const CONFIG = `${KUBELET}/config.yaml`;
/** Since 1.34 kubeadm writes what is of this host alone into a file of its own (NodeLocalCRISocket). */
const INSTANCE_CONFIG = `${KUBELET}/instance-config.yaml`;

/** What kubeadm made of this host, from its files; null where it was neither initialised nor joined. */
export function readKubeadm(files: HostFiles, hostName: string): Omit<KubeadmFacts, 'kubeadm' | 'kubelet' | 'kubectl'> | null {
  const apiserver = files.text(`${MANIFESTS}/kube-apiserver.yaml`);
  if (apiserver === null && !files.exists(`${KUBERNETES}/kubelet.conf`)) return null;
  // Of a flag that is given twice the last one counts.
  const flagFiles = [...unitFiles(files, 'kubelet.service').filter((path) => !FLAG_FILES.includes(path)), ...FLAG_FILES];
  const config = lastFlagValue(files, flagFiles, 'config');
  // The last one counts.
  const configs = [config?.startsWith('/') === true ? config : CONFIG, INSTANCE_CONFIG, ...dropIns(files, lastFlagValue(files, flagFiles, 'config-dir'))];
  const failCgroupV1 = lastYamlValue(files, configs, 'failCgroupV1');
  return {
    kind: 'kubeadm',
    role: apiserver === null ? 'worker' : 'control-plane',
    nodeName: plain(readNodeName(files, KUBELET_CLIENT) ?? hostName),
    apiserver: imageVersion(apiserver, 'kube-apiserver'),
    etcd: readEtcd(apiserver, files.text(`${MANIFESTS}/etcd.yaml`)),
    // A flag wins over any file.
    criSocket: plain(lastFlagValue(files, flagFiles, 'container-runtime-endpoint') ?? lastYamlValue(files, configs, 'containerRuntimeEndpoint') ?? ''),
    failCgroupV1: failCgroupV1 === null ? null : failCgroupV1 !== 'false',
    podInfraImageFlagIn: filesWithFlag(files, flagFiles, 'pod-infra-container-image'),
    certificates: readCertificates(files, [...certificatesIn(files, PKI), ...certificatesIn(files, `${PKI}/etcd`), ...kubeconfigs(files), KUBELET_CLIENT]),
  };
}

/** kubelet.conf points to the kubelet's client certificate; the others hold one. */
function kubeconfigs(files: HostFiles): readonly string[] {
  return files.names(KUBERNETES).flatMap((name) => (name.endsWith('.conf') && name !== 'kubelet.conf' ? [`${KUBERNETES}/${name}`] : []));
}

function dropIns(files: HostFiles, folder: string | null): readonly string[] {
  return folder === null ? [] : files.names(folder).flatMap((name) => (name.endsWith('.conf') ? [`${folder}/${name}`] : []));
}

function readEtcd(apiserver: string | null, manifest: string | null): EtcdFacts {
  if (manifest !== null) {
    const flags = [...manifest.matchAll(/--experimental-[a-z0-9-]+/g)].map(([flag]) => flag).filter((flag) => FACT_FLAG_PATTERN.test(flag));
    return { kind: 'stacked', version: imageVersion(manifest, 'etcd'), experimentalFlags: [...new Set(flags)].slice(0, FACT_FILES_MAX) };
  }
  return { kind: apiserver === null ? 'none' : 'external' };
}

/** The tag of a component's image, else of the manifest's first: `registry:5000/kube-apiserver:v1.34.1@sha256:...` is v1.34.1. */
function imageVersion(manifest: string | null, component: string): string | null {
  const images = [...(manifest ?? '').matchAll(/^\s*(?:- )?image:[ \t]*["']?([^\s"']+)/gm)].map(([, image = '']) => image.split('@', 1)[0] ?? '');
  const image = images.find((each) => new RegExp(`(?:^|/)${component}(?::[^/]*)?$`).test(each)) ?? images[0] ?? '';
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag !== undefined && FACT_VERSION_PATTERN.test(tag) ? tag : null;
}
