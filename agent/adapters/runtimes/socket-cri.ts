import { status } from '@grpc/grpc-js';

import type { Cri, CriLook, Unanswered } from '../../ports/cri.ts';
import { ask, type CallLimits, GrpcRefusal } from '../call-grpc.ts';
import { type RuntimeClients, withRuntime } from './call-runtime.ts';
import { readLook, shownDriver } from './read-look.ts';
import { runPod } from './run-pod.ts';

/** A runtime that is up answers at once; one that restarts is asked again by whoever waits for it. */
const LOOK_MAX_MS = 10_000;
/** The kubelet's own, runtimeRequestTimeout. */
export const WORK_MAX_MS = 120_000;

/** @param socket absolute path of containerd's or another runtime's */
export function socketCri(socket: string): Cri {
  return {
    look: async (signal) => {
      const seen = await orWhy(signal, () => withRuntime(socket, (clients) => look(clients, { maxMs: LOOK_MAX_MS, signal })));
      return seen.ok ? { reached: true, ...seen.value } : { reached: false, why: `${socket}: ${seen.why}` };
    },
    image: async (image, signal) => {
      const answer = await orWhy(signal, () =>
        withRuntime(socket, ({ images }) => ask<{ readonly image: { readonly id: string; readonly pinned: boolean } | null }>((options, done) => images.imageStatus({ image: { image } }, options, done), { maxMs: LOOK_MAX_MS, signal })),
      );
      return answer.ok ? { ok: true, id: answer.value.image?.id ?? null, pinned: answer.value.image?.pinned ?? false } : answer;
    },
    runPod: async (pod, signal) => {
      const end = await orWhy(signal, () => withRuntime(socket, (clients) => runPod(clients, pod, { maxMs: WORK_MAX_MS, signal })));
      return end.ok ? { ok: true, ...end.value } : end;
    },
    countPods: async ({ key, value }, signal) => {
      const ids = await orWhy(signal, () => withRuntime(socket, (clients) => podIds(clients, { [key]: value }, { maxMs: LOOK_MAX_MS, signal })));
      return ids.ok ? { ok: true, count: ids.value.length } : ids;
    },
    podIds: async (signal) => {
      const ids = await orWhy(signal, () => withRuntime(socket, (clients) => podIds(clients, {}, { maxMs: LOOK_MAX_MS, signal })));
      return ids.ok ? { ok: true, ids: ids.value } : ids;
    },
    handlersInUse: async (signal) => {
      const pods = await orWhy(signal, () => withRuntime(socket, (clients) => listPods(clients, {}, { maxMs: LOOK_MAX_MS, signal })));
      return pods.ok ? { ok: true, handlers: [...new Set(pods.value.filter(({ state }) => state === 'SANDBOX_READY').map(({ runtimeHandler }) => runtimeHandler))].toSorted() } : pods;
    },
    removePod: async (id, signal) => {
      const removed = await orWhy(signal, () => withRuntime(socket, (clients) => removePod(clients, id, { maxMs: WORK_MAX_MS, signal })));
      return removed.ok ? '' : removed.why;
    },
    removePods: async ({ key, value }, signal) => {
      const removed = await orWhy(signal, () => withRuntime(socket, (clients) => removePods(clients, { [key]: value }, { maxMs: WORK_MAX_MS, signal })));
      return removed.ok ? '' : removed.why;
    },
  };
}

async function look({ runtime }: RuntimeClients, limits: CallLimits): Promise<CriLook> {
  const version = await ask<{ readonly runtimeName: string; readonly runtimeVersion: string }>((options, done) => runtime.version({}, options, done), limits);
  const seen = await ask<Parameters<typeof readLook>[0]>((options, done) => runtime.status({ verbose: true }, options, done), limits);
  return { runtime: version.runtimeName, version: version.runtimeVersion, ...readLook(seen), cgroupDriver: (await cgroupDriver(runtime, limits)) ?? shownDriver(seen) };
}

async function cgroupDriver(runtime: RuntimeClients['runtime'], limits: CallLimits): Promise<CriLook['cgroupDriver']> {
  try {
    const { linux } = await ask<{ readonly linux: { readonly cgroupDriver: unknown } | null }>((options, done) => runtime.runtimeConfig({}, options, done), limits);
    if (linux === null) return null;
    return linux.cgroupDriver === 'SYSTEMD' ? 'systemd' : 'cgroupfs';
  } catch (error) {
    // Older than this call.
    if (error instanceof GrpcRefusal && error.code === status.UNIMPLEMENTED) return null;
    throw error;
  }
}

interface ListedPod {
  readonly id: string;
  readonly state: string;
  readonly runtimeHandler: string;
}

async function listPods({ runtime }: RuntimeClients, labelSelector: Readonly<Record<string, string>>, limits: CallLimits): Promise<readonly ListedPod[]> {
  return (await ask<{ readonly items: readonly ListedPod[] }>((options, done) => runtime.listPodSandbox({ filter: { labelSelector } }, options, done), limits)).items;
}

async function podIds(clients: RuntimeClients, labelSelector: Readonly<Record<string, string>>, limits: CallLimits): Promise<readonly string[]> {
  return (await listPods(clients, labelSelector, limits)).map(({ id }) => id);
}

async function removePods(clients: RuntimeClients, labels: Readonly<Record<string, string>>, limits: CallLimits): Promise<void> {
  for (const id of await podIds(clients, labels, limits)) await removePod(clients, id, limits);
}

async function removePod({ runtime }: RuntimeClients, podSandboxId: string, limits: CallLimits): Promise<void> {
  await ask((options, done) => runtime.stopPodSandbox({ podSandboxId }, options, done), limits);
  await ask((options, done) => runtime.removePodSandbox({ podSandboxId }, options, done), limits);
}

async function orWhy<T>(signal: AbortSignal, work: () => Promise<T>): Promise<{ readonly ok: true; readonly value: T } | Unanswered> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, why: error instanceof GrpcRefusal ? explain(error) : String(error) };
  }
}

function explain({ code, message }: GrpcRefusal): string {
  // What containerd answers when its CRI plugin is switched off or did not load.
  if (code === status.UNIMPLEMENTED) return `what listens there is no container runtime of Kubernetes, or does not load that part: ${message}`;
  if (code === status.UNAVAILABLE) return `nobody answers: ${message}`;
  if (code === status.DEADLINE_EXCEEDED) return 'no answer in time';
  return message;
}
