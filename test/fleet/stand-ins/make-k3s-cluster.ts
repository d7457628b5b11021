import type { Fleet } from '../fleet.ts';
import type { Host } from '../host.ts';
import { unpackedPrograms } from '../unpacked-programs.ts';
import { k3sUnitFiles, k3sUnitName, type K3sInstall } from './k3s-unit.ts';
import { KubernetesCluster } from './kubernetes-cluster.ts';
import type { StandIns } from './pack-stand-ins.ts';

export interface K3sClusterOptions {
  readonly server: string;
  readonly agents: readonly string[];
  /** `v1.33.9+k3s1`, one of those that the stand-ins were packed with. */
  readonly version: string;
  /** Words after `k3s server`. */
  readonly serverArgs?: readonly string[];
  readonly agentArgs?: readonly string[];
}

/** Installs K3s on hosts as its install script does: the program, the unit, its env file. All nodes Ready in the end; `--cluster-init` gives it embedded etcd. */
export async function makeK3sCluster(fleet: Fleet, standIns: StandIns, { server, agents, version, serverArgs = [], agentArgs = [] }: K3sClusterOptions): Promise<KubernetesCluster> {
  const first = fleet.host(server);
  const program = standIns.k3s(version);
  const cluster = new KubernetesCluster([first], agents.map((name) => fleet.host(name)), ['kubectl', '--kubeconfig=/etc/rancher/k3s/k3s.yaml']);
  await first.copyIn(standIns.kubectl, '/usr/local/bin/kubectl');
  // What real K3s has inside.
  if (serverArgs.includes('--cluster-init')) for (const name of ['etcd', 'etcdutl']) await first.copyIn(`${await unpackedPrograms('trixie', 'etcd-server')}/${name}`, `/usr/local/bin/${name}`);
  await install(first, program, { role: 'server', args: serverArgs });
  const token = (await first.readFile('/var/lib/rancher/k3s/server/token')).toString('utf8').trim();
  const env = { K3S_URL: `https://${first.address}:6443`, K3S_TOKEN: token };
  await Promise.all(cluster.workers.map((host) => install(host, program, { role: 'agent', args: agentArgs, env })));
  await cluster.waitUntilReady(version);
  return cluster;
}

async function install(host: Host, program: string, what: K3sInstall): Promise<void> {
  await host.copyIn(program, '/usr/local/bin/k3s');
  for (const [path, text] of Object.entries(k3sUnitFiles(what))) await host.writeFile(path, text, path.endsWith('.env') ? 0o600 : 0o644);
  await host.mustExec(['systemctl', 'daemon-reload']);
  await host.mustExec(['systemctl', 'enable', '--quiet', '--now', k3sUnitName(what.role)]);
}
