import type { K3sFacts } from '../../shared/domain/host-facts.ts';
import { certificatesIn, readCertificates, readNodeName } from './certificates.ts';
import type { HostFiles } from './host-files.ts';
import { filesWithFlag, lastYamlValue, unitFiles } from './kubelet-flags.ts';
import { plain } from './os.ts';

const DATA = '/var/lib/rancher/k3s';
const CONFIG = '/etc/rancher/k3s';
const KUBELET_CLIENT = `${DATA}/agent/client-kubelet.crt`;
const KUBELET_DROP_INS = `${DATA}/agent/etc/kubelet.conf.d`;
const DEFAULT_SOCKET = 'unix:///run/k3s/containerd/containerd.sock';

/** What K3s is on this host, from its unit, configuration and data; null where no unit of it is installed. */
export function readK3s(files: HostFiles, hostName: string): Omit<K3sFacts, 'version'> | null {
  const agentUnit = unitFiles(files, 'k3s-agent.service');
  const serverUnit = unitFiles(files, 'k3s.service');
  const units = serverUnit.length > 0 ? serverUnit : agentUnit;
  if (units.length === 0) return null;
  // The installer names the agent's unit k3s-agent, but INSTALL_K3S_NAME may be anything: what it starts counts.
  const role = serverUnit.length === 0 || units.some((path) => /^\s*ExecStart=.*\bk3s['"]?[\s\\]+['"]?agent\b/m.test(files.text(path) ?? '')) ? 'agent' : 'server';
  const configs = [`${CONFIG}/config.yaml`, ...files.names(`${CONFIG}/config.yaml.d`).flatMap((name) => (/\.ya?ml$/.test(name) ? [`${CONFIG}/config.yaml.d/${name}`] : []))];
  const argumentFiles = [...configs, ...units];
  const failCgroupV1 = lastYamlValue(files, files.names(KUBELET_DROP_INS).map((name) => `${KUBELET_DROP_INS}/${name}`), 'failCgroupV1');
  return {
    kind: 'k3s',
    role,
    nodeName: plain(readNodeName(files, KUBELET_CLIENT) ?? hostName),
    datastore: role === 'agent' ? 'none' : datastoreOf(files, argumentFiles),
    criSocket: plain(lastYamlValue(files, configs, 'container-runtime-endpoint') ?? DEFAULT_SOCKET),
    failCgroupV1: failCgroupV1 === null ? null : failCgroupV1 !== 'false',
    podInfraImageFlagIn: filesWithFlag(files, argumentFiles, 'pod-infra-container-image'),
    certificates: readCertificates(files, [...certificatesIn(files, `${DATA}/agent`), ...certificatesIn(files, `${DATA}/server/tls`), ...certificatesIn(files, `${DATA}/server/tls/etcd`)]),
  };
}

/** An endpoint that is given wins over what lies about from before. */
function datastoreOf(files: HostFiles, argumentFiles: readonly string[]): K3sFacts['datastore'] {
  const given = [...filesWithFlag(files, argumentFiles, 'datastore-endpoint'), ...filesWithFlag(files, argumentFiles, 'K3S_DATASTORE_ENDPOINT')];
  if (given.length > 0) return 'external';
  if (files.exists(`${DATA}/server/db/etcd`)) return 'etcd';
  return files.exists(`${DATA}/server/db/state.db`) ? 'sqlite' : 'none';
}
