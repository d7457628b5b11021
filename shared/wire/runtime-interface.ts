import type { ProtoGrpcType as CriProto } from './generated/cri.d.ts';
import { loadProtos } from './load-protos.ts';

export type { ContainerStatus__Output } from './generated/runtime/v1/ContainerStatus.d.ts';
export type { ImageServiceHandlers } from './generated/runtime/v1/ImageService.d.ts';
export type { PodSandboxConfig, PodSandboxConfig__Output } from './generated/runtime/v1/PodSandboxConfig.d.ts';
export type { RuntimeServiceHandlers } from './generated/runtime/v1/RuntimeService.d.ts';
export type { StatusResponse__Output } from './generated/runtime/v1/StatusResponse.d.ts';

type RuntimeInterface = CriProto['runtime']['v1'];

let loaded: RuntimeInterface | undefined;

/** Everything of package runtime.v1: how Kubernetes talks to a container runtime. Loaded when it is asked for first. */
export function runtimeInterface(): RuntimeInterface {
  loaded ??= (loadProtos(['runtime/v1/cri.proto']) as unknown as CriProto).runtime.v1;
  return loaded;
}
