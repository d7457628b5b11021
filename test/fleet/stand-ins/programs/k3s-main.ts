// The stand-in of k3s: server and agent in one program, with an API over SQLite or etcd and a node report; no containers.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { ApiClient } from '../api/api-client.ts';
import { passPoint } from '../faults.ts';
import { importImages, joinServer } from '../k3s/k3s-agent.ts';
import { startContainerd } from '../k3s/k3s-containerd.ts';
import { parseK3sFlags, type K3sFlags } from '../k3s/k3s-arguments.ts';
import { SERVER_PORT } from '../k3s/k3s-paths.ts';
import { runKubelet } from '../kubelet/kubelet.ts';
import { runNodeLifecycle } from '../node-lifecycle.ts';
import { builtVersion, sayStandIn } from '../stand-in-notice.ts';

process.title = 'k3s';
const version = builtVersion();
const point = (at: string): Promise<void> => passPoint('k3s', version, at);
const log = (line: string): void => console.error(line);
const [command = '', ...words] = process.argv.slice(2);

try {
  if (['--version', '-v', '-version'].includes(command)) console.log(`k3s version ${version} (00000000)\ngo version stand-in`);
  else if (command === 'server') await server(parseK3sFlags(words));
  else if (command === 'agent') await agent(parseK3sFlags(words));
  else throw new Error(`No help topic for '${command}'`);
} catch (error) {
  log(`level=fatal msg=${JSON.stringify(error instanceof Error ? error.message : String(error))}`);
  process.exit(1);
}

async function server(flags: K3sFlags): Promise<void> {
  begin('server');
  await point('start');
  const { resetK3sCluster, startK3sServer } = await import('../k3s/k3s-server.ts');
  if (isSet(flags, 'cluster-reset')) {
    await resetK3sCluster(tokenOf(flags), flags.get('cluster-reset-restore-path')?.[0] ?? null);
    log('level=info msg="Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes"');
    process.exit(0);
  }
  const { token } = await startK3sServer({ version, token: tokenOf(flags), kubeconfigMode: Number.parseInt(flags.get('write-kubeconfig-mode')?.[0] ?? '600', 8), clusterInit: isSet(flags, 'cluster-init') });
  log('level=info msg="Kube API server is now running"');
  await point('serving');
  if (process.env['NOTIFY_SOCKET'] !== undefined) execFileSync('systemd-notify', ['--ready', `--pid=${process.pid}`]);
  void runNodeLifecycle(new ApiClient('/etc/rancher/k3s/k3s.yaml'));
  if (flags.has('disable-agent')) return;
  await node({ server: `https://127.0.0.1:${SERVER_PORT}`, token }, flags, { 'node-role.kubernetes.io/control-plane': 'true' });
}

async function agent(flags: K3sFlags): Promise<void> {
  begin('agent');
  await point('start');
  const url = flags.get('server')?.[0] ?? process.env['K3S_URL'];
  const token = tokenOf(flags);
  if (token === null) throw new Error('--token is required');
  if (url === undefined) throw new Error('--server is required');
  await node({ server: url, token }, flags, {});
}

async function node(joining: { readonly server: string; readonly token: string }, flags: K3sFlags, roles: Readonly<Record<string, string>>): Promise<void> {
  const runtimeVersion = startContainerd(version);
  const images = importImages(log);
  await point('images-imported');
  const client = await joinServer(joining);
  await point('joined');
  const kubelet = new Map(flags.has('node-name') ? [['hostname-override', flags.get('node-name')?.[0] ?? '']] : []);
  const config = { staticPodPath: null, healthzBindAddress: '127.0.0.1', healthzPort: 10248, containerRuntimeEndpoint: '', failCgroupV1: false };
  log(`level=info msg="k3s is up and running" images=${images.length}`);
  await runKubelet({ version, program: 'k3s', flags: kubelet, config, client, labels: { 'node.kubernetes.io/instance-type': 'k3s', ...roles }, runtimeVersion });
}

function begin(role: string): void {
  sayStandIn(`k3s ${role}`);
  log(`level=info msg="Starting k3s ${version} (00000000)"`);
}

function isSet(flags: K3sFlags, name: string): boolean {
  return flags.get(name)?.[0] === 'true';
}

function tokenOf(flags: K3sFlags): string | null {
  const file = flags.get('token-file')?.[0] ?? process.env['K3S_TOKEN_FILE'];
  return flags.get('token')?.[0] ?? process.env['K3S_TOKEN'] ?? (file === undefined ? null : readFileSync(file, 'utf8').trim());
}
