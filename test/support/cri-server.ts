import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall, status } from '@grpc/grpc-js';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { socketCri } from '../../agent/adapters/runtimes/socket-cri.ts';
import type { CriLook } from '../../agent/ports/cri.ts';
import { type ImageServiceHandlers, type PodSandboxConfig__Output, runtimeInterface, type RuntimeServiceHandlers } from '../../shared/wire/runtime-interface.ts';
import type { CriLab } from './cri-cases.ts';

/** How containerd of that version answers, on a socket of its own: before 2.0 without handlers, and without RuntimeConfig. */
export type Answers = '1.6' | '2.1';

interface State {
  look: CriLook;
  readonly images: Map<string, { readonly id: string; readonly pinned: boolean }>;
  readonly pods: Map<string, PodSandboxConfig__Output>;
  readonly handlers: Map<string, string>;
  readonly logs: Map<string, string>;
  output: string;
  exitCode: number;
}

/** gRPC and the messages are real, containers are not. */
export function criServerLab(answers: Answers): CriLab {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-cri-'));
  const socket = join(folder, 'cri.sock');
  const state: State = {
    look: { runtime: 'containerd', version: answers === '1.6' ? '1.6.20~ds1' : 'v2.1.4', ready: true, why: '', handlers: ['runc'], defaultHandler: 'runc', cgroupDriver: answers === '1.6' ? 'cgroupfs' : 'systemd' },
    images: new Map(), pods: new Map(), handlers: new Map(), logs: new Map(), output: '', exitCode: 0,
  };
  let server: Server | null = null;
  const stop = (): void => {
    server?.forceShutdown();
    server = null;
  };
  return {
    cri: socketCri(socket),
    runs: async (change = {}) => {
      state.look = { ...state.look, ...change };
      server ??= await listen(socket, answers, state);
      return state.look;
    },
    holds: async (name, image) => void state.images.set(name, image),
    prints: async (output, exitCode) => void Object.assign(state, { output, exitCode }),
    silence: async () => stop(),
    close: async () => {
      stop();
      rmSync(folder, { recursive: true });
    },
  };
}

async function listen(socket: string, answers: Answers, state: State): Promise<Server> {
  const { RuntimeService, ImageService } = runtimeInterface();
  const server = new Server();
  server.addService(RuntimeService.service, runtimeHandlers(answers, state) as unknown as Parameters<Server['addService']>[1]);
  server.addService(ImageService.service, imageHandlers(state));
  await new Promise<void>((resolve, reject) => server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error))));
  return server;
}

/** What a handler throws is an answer too. */
function unary<In, Out>(answer: (request: In) => Out) {
  return ({ request }: ServerUnaryCall<In, Out>, done: sendUnaryData<Out>): void => {
    try {
      done(null, answer(request));
    } catch (error) {
      done(error as { readonly code: status; readonly details: string });
    }
  };
}

function refuse(code: status, details: string): never {
  throw Object.assign(new Error(details), { code, details });
}

function runtimeHandlers(answers: Answers, state: State): Partial<RuntimeServiceHandlers> {
  const systemd = answers === '2.1';
  return {
    Version: unary(() => ({ runtimeName: state.look.runtime, runtimeVersion: state.look.version })),
    Status: unary(() => {
      const { ready, why, handlers, defaultHandler } = state.look;
      const [reason = '', message = ''] = why.split(': ');
      const runtimes = Object.fromEntries(handlers.map((name) => [name, { options: { SystemdCgroup: systemd } }]));
      return {
        status: { conditions: [{ type: 'NetworkReady', status: false, reason: 'NetworkPluginNotReady', message: 'no network config' }, { type: 'RuntimeReady', status: ready, reason, message }] },
        info: { config: JSON.stringify({ containerd: { defaultRuntimeName: defaultHandler, runtimes } }) },
        runtimeHandlers: answers === '1.6' ? [] : ['', ...handlers].map((name) => ({ name })),
      };
    }),
    RuntimeConfig: unary(() => (answers === '1.6' ? refuse(status.UNIMPLEMENTED, 'unknown method RuntimeConfig') : { linux: { cgroupDriver: 'SYSTEMD' as const } })),
    RunPodSandbox: unary(({ config, runtimeHandler }) => {
      if (config === null) return refuse(status.UNKNOWN, 'sandbox config must include metadata');
      if (runtimeHandler !== '' && !state.look.handlers.includes(runtimeHandler)) return refuse(status.UNKNOWN, `failed to get sandbox runtime: no runtime for "${runtimeHandler}" is configured`);
      if ((config.linux?.cgroupParent === 'system.slice') !== systemd) return refuse(status.UNKNOWN, 'expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups');
      if (config.linux?.securityContext?.namespaceOptions?.network !== 'NODE') return refuse(status.UNKNOWN, 'cni plugin not initialized');
      const podSandboxId = `${config.metadata?.namespace}-${config.metadata?.name}-${config.metadata?.uid}`;
      if (state.pods.has(podSandboxId)) return refuse(status.UNKNOWN, `failed to reserve sandbox name ${podSandboxId}`);
      state.pods.set(podSandboxId, config);
      state.handlers.set(podSandboxId, runtimeHandler);
      return { podSandboxId };
    }),
    StopPodSandbox: unary(() => ({})),
    RemovePodSandbox: unary(({ podSandboxId }) => (state.pods.delete(podSandboxId), {})),
    ListPodSandbox: unary(({ filter }) => {
      const wanted = Object.entries(filter?.labelSelector ?? {});
      return { items: [...state.pods].filter(([, { labels }]) => wanted.every(([key, value]) => labels[key] === value)).map(([id]) => ({ id, state: 'SANDBOX_READY' as const, runtimeHandler: state.handlers.get(id) ?? '' })) };
    }),
    CreateContainer: unary(({ podSandboxId, config }) => {
      const image = config?.image?.image ?? '';
      if (!state.images.has(image)) return refuse(status.NOT_FOUND, `image ${image} not found`);
      state.logs.set(podSandboxId, join(state.pods.get(podSandboxId)?.logDirectory ?? '', config?.logPath ?? ''));
      return { containerId: podSandboxId };
    }),
    StartContainer: unary(({ containerId }) => {
      const lines = state.output.split('\n').slice(0, -1);
      writeFileSync(state.logs.get(containerId) ?? '', lines.map((line) => `2026-01-01T00:00:00.000000000Z stdout P ${line.slice(0, 1)}\n2026-01-01T00:00:00.000000000Z stdout F ${line.slice(1)}\n`).join(''));
      return {};
    }),
    ContainerStatus: unary(() => ({ status: { state: 'CONTAINER_EXITED' as const, exitCode: state.exitCode } })),
  };
}

function imageHandlers(state: State): ImageServiceHandlers {
  return {
    ImageStatus: unary(({ image }) => ({ image: state.images.get(image?.image ?? '') ?? null })),
  };
}
