import { createServer } from 'node:http';
import { connect } from 'node:net';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { ApiClient } from '../api/api-client.ts';
import { passPoint } from '../faults.ts';
import { parseKubeVersion } from '../version-info.ts';
import { loadKubeletConfig, type KubeletConfig } from './kubelet-config.ts';
import { askRuntime, runtimeVersionOf } from './ask-runtime.ts';
import { NodeReporter, nodeInfoOf } from './node-reporter.ts';
import { StaticPodRunner } from './static-pod-runner.ts';

export interface KubeletOptions {
  /** `v1.34.1`; also what the node reports. */
  readonly version: string;
  /** Name of the program, which its faults are filed under. */
  readonly program: string;
  readonly flags: ReadonlyMap<string, string>;
  readonly config: KubeletConfig;
  readonly client: ApiClient;
  readonly labels: Readonly<Record<string, string>>;
  /** As `containerd://2.1.4`; null asks the runtime itself. */
  readonly runtimeVersion: string | null;
}

/** --root-dir */
const ROOT = '/var/lib/kubelet';
/** The kubelet's: nodeStatusUpdateFrequency, a quarter of nodeLeaseDurationSeconds, nodeStatusReportFrequency. */
const LOOK_EVERY_MS = 1000;
const LEASE_EVERY_MS = 10_000;
const REPORT_EVERY_MS = 5 * 60_000;
/** From its start to Ready on a host that has all it needs. */
const READY_AFTER_MS = 400;

/** Loads settings and credentials. @throws with the words of the real kubelet where it would not start. */
export async function prepareKubelet(version: string, flags: ReadonlyMap<string, string>): Promise<{ readonly config: KubeletConfig; readonly client: ApiClient }> {
  const loaded = loadKubeletConfig(flags.get('config') ?? '', parseKubeVersion(version).minor);
  const config = { ...loaded, containerRuntimeEndpoint: flags.get('container-runtime-endpoint') ?? loaded.containerRuntimeEndpoint };
  const kubeconfig = flags.get('kubeconfig') ?? '';
  const bootstrap = flags.get('bootstrap-kubeconfig') ?? '';
  if (!existsSync(kubeconfig)) throw new Error(`failed to run Kubelet: unable to load bootstrap kubeconfig: stat ${bootstrap}: no such file or directory`);
  const { containerRuntimeEndpoint: endpoint } = config;
  await askRuntime(endpoint).catch((error: Error) => {
    const said = error.message.startsWith('rpc error') ? error.message : `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix ${endpoint.replace('unix://', '')}: connect: no such file or directory"`;
    throw new Error(`failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint "${endpoint}": ${said}`, { cause: error });
  });
  return { config, client: new ApiClient(kubeconfig) };
}

/** Reports the node and runs its static pods until the process ends. */
export async function runKubelet({ version, program, flags, config, client, labels, runtimeVersion }: KubeletOptions): Promise<never> {
  const name = (flags.get('hostname-override') ?? hostname()).toLowerCase();
  const point = (at: string): Promise<void> => passPoint(program, version, at);
  const log = (line: string): void => console.error(line);
  // kubeadm's, which it sets where the socket is not in a file of the node.
  const annotations = flags.has('container-runtime-endpoint') ? { 'kubeadm.alpha.kubernetes.io/cri-socket': config.containerRuntimeEndpoint } : {};
  const reporter = new NodeReporter(client, { name, kubeletVersion: version, labels, taints: [], annotations });
  const nodeInfo = async (): Promise<Readonly<Record<string, string>>> => nodeInfoOf(version, runtimeVersion ?? runtimeVersionOf(await askRuntime(config.containerRuntimeEndpoint)));
  await point('start');
  mkdirSync(ROOT, { recursive: true });
  for (const state of checkpoints(parseKubeVersion(version).minor)) writeFileSync(`${ROOT}/${state}`, '{}', { mode: 0o600 });
  serveHealthz(config);
  const startedAt = Date.now();
  let isReady = false;
  if (config.staticPodPath !== null) {
    const runner = new StaticPodRunner({ folder: config.staticPodPath, nodeName: name, minor: parseKubeVersion(version).minor, client, log, passPoint: point });
    void runner.run(() => isReady);
  }
  let known = await nodeInfo();
  let posted = '';
  let reportedAt = 0;
  let renewedAt = 0;
  for (;;) {
    try {
      const isUp = await answers(config.containerRuntimeEndpoint);
      const isSettled = Date.now() - startedAt >= READY_AFTER_MS;
      const ready = !isUp ? { isReady: false, reason: 'KubeletNotReady', message: 'container runtime is down' }
        : isSettled ? { isReady: true, reason: 'KubeletReady', message: 'kubelet is posting ready status' }
        : { isReady: false, reason: 'KubeletNotReady', message: '[container runtime status check may not have completed yet]' };
      if (posted !== ready.message || Date.now() - reportedAt >= REPORT_EVERY_MS) {
        if (posted === '') await reporter.register();
        await reporter.postStatus(ready, isUp ? (known = await nodeInfo()) : known);
        [posted, reportedAt] = [ready.message, Date.now()];
        if (ready.isReady && !isReady) {
          isReady = true;
          await point('started');
        }
      }
      if (Date.now() - renewedAt >= LEASE_EVERY_MS) {
        await reporter.renewLease();
        renewedAt = Date.now();
        if (await reporter.isMisreported(ready.isReady)) reportedAt = 0;
      }
    } catch (error) {
      log(`Unable to update node status: ${String(error)}`);
    }
    await sleep(isReady ? LOOK_EVERY_MS : READY_AFTER_MS / 2);
  }
}

/** What the real one keeps of what it gave to containers; here it gives nothing. */
function checkpoints(minor: number): readonly string[] {
  return ['cpu_manager_state', 'memory_manager_state', ...(minor >= 34 ? ['dra_manager_state'] : [])];
}

function serveHealthz({ healthzBindAddress, healthzPort }: KubeletConfig): void {
  if (healthzPort === 0) return;
  const server = createServer((request, response) => {
    const isKnown = request.url === '/healthz';
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8' }).end(isKnown ? 'ok' : '404 page not found\n');
  });
  server.on('error', (error) => console.error(`Failed to start healthz server: ${error.message}`));
  server.listen(healthzPort, healthzBindAddress);
}

/** Whether somebody accepts connections at a unix socket. */
function answers(endpoint: string): Promise<boolean> {
  // K3s brings its runtime itself.
  if (endpoint === '') return Promise.resolve(true);
  return new Promise((resolve) => {
    const socket = connect(endpoint.replace(/^unix:\/\//, ''));
    socket.on('connect', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}
