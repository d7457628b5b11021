import type { K3sFacts } from '../../shared/domain/host-facts.ts';
import { certificatesIn, readCertificates, readNodeName } from './certificates.ts';
import { foundByK3s } from './found-by-k3s.ts';
import type { HostFiles } from './host-files.ts';
import { filesWithFlag, lastFlagValue, lastYamlValue, unitFiles } from './kubelet-flags.ts';
import { plain } from './os.ts';

const DEFAULT_DATA = '/var/lib/rancher/k3s';
const CONFIG = '/etc/rancher/k3s';
const DEFAULT_SOCKET = 'unix:///run/k3s/containerd/containerd.sock';

/** What K3s is on this host, from its unit, configuration and data; null where no unit of it is installed. */
export function readK3s(files: HostFiles, hostName: string): Omit<K3sFacts, 'version'> | null {
  const agentUnit = unitFiles(files, 'k3s-agent.service');
  const serverUnit = unitFiles(files, 'k3s.service');
  const units = serverUnit.length > 0 ? serverUnit : agentUnit;
  if (units.length === 0) return null;
  // The installer names the agent's unit k3s-agent, but INSTALL_K3S_NAME may be anything: what it starts counts.
  const role = serverUnit.length === 0 || units.some((path) => /^\s*ExecStart=.*\bk3s['"]?[\s\\]+['"]?agent\b/m.test(files.text(path) ?? '')) ? 'agent' : 'server';
  const configs = k3sConfigs(files);
  const argumentFiles = [...configs, ...units];
  const data = dataDirOf(files, units);
  const kubeletDropIns = `${data}/agent/etc/kubelet.conf.d`;
  // Its kubelet reads files of that ending alone.
  const failCgroupV1 = lastYamlValue(files, files.names(kubeletDropIns).flatMap((name) => (name.endsWith('.conf') ? [`${kubeletDropIns}/${name}`] : [])), 'failCgroupV1');
  return {
    kind: 'k3s',
    role,
    nodeName: plain(readNodeName(files, `${data}/agent/client-kubelet.crt`) ?? hostName),
    datastore: role === 'agent' ? 'none' : datastoreOf(files, data, units),
    foundRuntimes: [...foundByK3s(files).keys()].toSorted(),
    criSocket: plain(lastYamlValue(files, configs, 'container-runtime-endpoint') ?? DEFAULT_SOCKET),
    failCgroupV1: failCgroupV1 === null ? null : failCgroupV1 !== 'false',
    podInfraImageFlagIn: filesWithFlag(files, argumentFiles, 'pod-infra-container-image'),
    certificates: readCertificates(files, [...certificatesIn(files, `${data}/agent`), ...certificatesIn(files, `${data}/server/tls`), ...certificatesIn(files, `${data}/server/tls/etcd`)]),
  };
}

/** An endpoint that is given wins over what lies about from before. */
function datastoreOf(files: HostFiles, data: string, units: readonly string[]): K3sFacts['datastore'] {
  if (givenTo(files, units, 'datastore-endpoint', 'K3S_DATASTORE_ENDPOINT') !== null) return 'external';
  if (files.exists(`${data}/server/db/etcd`)) return 'etcd';
  return files.exists(`${data}/server/db/state.db`) ? 'sqlite' : 'none';
}

/** Of these the last one that sets a value counts: https://docs.k3s.io/installation/configuration#multiple-config-files */
function k3sConfigs(files: HostFiles): readonly string[] {
  return [`${CONFIG}/config.yaml`, ...files.names(`${CONFIG}/config.yaml.d`).flatMap((name) => (/\.ya?ml$/.test(name) ? [`${CONFIG}/config.yaml.d/${name}`] : []))];
}

/** What K3s' configuration files give a flag; null where they do not. */
export function k3sSetting(files: HostFiles, flag: string): string | null {
  return lastYamlValue(files, k3sConfigs(files), flag);
}

/** Where a server of K3s keeps what is its own. */
export function k3sDataDir(files: HostFiles): string {
  return dataDirOf(files, unitFiles(files, 'k3s.service'));
}

/** What K3s is given, where K3s itself looks for it: argument, environment, configuration files. Null where it is given nothing. */
function givenTo(files: HostFiles, units: readonly string[], flag: string, variable: string): string | null {
  const set = new RegExp(`^(?:[ \\t]*(?:Environment=.*?|export[ \\t]+))?["']?${variable}=["']?([^\\s"']+)`, 'gm');
  const environment = units.flatMap((path) => [...(files.text(path) ?? '').matchAll(set)].map(([, value = '']) => value)).at(-1);
  return lastFlagValue(files, units, flag) ?? environment ?? k3sSetting(files, flag);
}

function dataDirOf(files: HostFiles, units: readonly string[]): string {
  const found = givenTo(files, units, 'data-dir', 'K3S_DATA_DIR');
  return found?.startsWith('/') === true ? found : DEFAULT_DATA;
}
