import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ContainerStatus__Output, PodSandboxConfig, StatusResponse__Output } from '../../../shared/wire/runtime-interface.ts';
import { type CriPod, OUTPUT_MAX } from '../../ports/cri.ts';
import { ask, type CallLimits } from '../call-grpc.ts';
import type { RuntimeClients } from './call-runtime.ts';
import { shownConfig } from './read-look.ts';

const POLL_MS = 50;
const LOG_PATH = 'container.log';
const HOST_NETWORK = { namespaceOptions: { network: 'NODE' } } as const;

/** @throws GrpcRefusal, and where the container does not end. */
export async function runPod({ runtime }: RuntimeClients, pod: CriPod, limits: CallLimits): Promise<{ readonly exitCode: number; readonly output: string }> {
  const seen = await ask<StatusResponse__Output>((options, done) => runtime.status({ verbose: true }, options, done), limits);
  const sandboxConfig: PodSandboxConfig = {
    metadata: { name: pod.name, uid: pod.uid, namespace: 'farrier' },
    logDirectory: pod.logFolder,
    labels: { [pod.label.key]: pod.label.value },
    annotations: pod.annotations,
    linux: { cgroupParent: cgroupParent(seen, pod.handler), securityContext: HOST_NETWORK },
  };
  const { podSandboxId } = await ask<{ readonly podSandboxId: string }>((options, done) => runtime.runPodSandbox({ config: sandboxConfig, runtimeHandler: pod.handler }, options, done), limits);
  const config = {
    metadata: { name: pod.name },
    image: { image: pod.image },
    annotations: pod.annotations,
    logPath: LOG_PATH,
    linux: { securityContext: { ...HOST_NETWORK, capabilities: { dropCapabilities: ['ALL'] }, readonlyRootfs: true, noNewPrivs: true } },
  };
  const { containerId } = await ask<{ readonly containerId: string }>((options, done) => runtime.createContainer({ podSandboxId, config, sandboxConfig }, options, done), limits);
  await ask((options, done) => runtime.startContainer({ containerId }, options, done), limits);
  const { exitCode } = await ended(runtime, containerId, limits);
  return { exitCode, output: readLog(await readFile(join(pod.logFolder, LOG_PATH), 'utf8').catch(() => '')) };
}

/** A runtime with the systemd driver takes nothing but a slice; another one puts what has no parent under its own. */
function cgroupParent(seen: StatusResponse__Output, handler: string): string {
  const { containerd } = shownConfig(seen);
  const options = containerd?.runtimes?.[handler === '' ? (containerd.defaultRuntimeName ?? '') : handler]?.options;
  return options?.SystemdCgroup === true ? 'system.slice' : '';
}

async function ended(runtime: RuntimeClients['runtime'], containerId: string, limits: CallLimits): Promise<ContainerStatus__Output> {
  const until = performance.now() + limits.maxMs;
  while (performance.now() < until) {
    const { status } = await ask<{ readonly status: ContainerStatus__Output | null }>((options, done) => runtime.containerStatus({ containerId }, options, done), limits);
    if (status?.state === 'CONTAINER_EXITED') return status;
    await sleep(POLL_MS, undefined, { signal: limits.signal });
  }
  throw new Error(`the container did not end within ${limits.maxMs / 1000} s`);
}

/** As the kubelet has logs written: `TIME stdout F TEXT`, P where the line goes on in the next one. */
function readLog(log: string): string {
  let text = '';
  for (const line of log.split('\n')) {
    const [, ending, content] = /^\S+ std(?:out|err) (\S+) (.*)$/s.exec(line) ?? [];
    if (content !== undefined) text += ending?.startsWith('P') === true ? content : `${content}\n`;
  }
  return text.slice(0, OUTPUT_MAX);
}
