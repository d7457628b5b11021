import type { HostFiles } from './host-files.ts';

const SHIMS = ['lunatic-v1', 'slight-v1', 'spin-v1', 'spin-v2', 'wws-v1', 'wasmedge-v1', 'wasmer-v1', 'wasmtime-v1'];

/** Programs that K3s looks for on its service's PATH when it starts, by the runtime that it then adds itself. */
const LOOKED_FOR: Readonly<Record<string, readonly string[]>> = {
  crun: ['crun'],
  nvidia: ['nvidia-container-runtime'],
  'nvidia-cdi': ['nvidia-container-runtime.cdi'],
  'nvidia-experimental': ['nvidia-container-runtime-experimental'],
  ...Object.fromEntries(SHIMS.map((shim) => [shim.replace(/-v\d$/, ''), SHIMS.filter((each) => each.startsWith(shim.replace(/\d$/, ''))).map((each) => `containerd-shim-${each}`)])),
};

/** systemd's own, and where K3s looks for what operators of Kubernetes install. */
const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/nvidia/toolkit', '/opt/kwasm/bin'];

/** The runtimes that K3s adds by itself on this host, each with the program for which it does; by name. */
export function foundByK3s(files: Pick<HostFiles, 'exists'>): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [runtime, programs] of Object.entries(LOOKED_FOR)) {
    const path = programs.flatMap((program) => FOLDERS.map((folder) => `${folder}/${program}`)).find((each) => files.exists(each));
    if (path !== undefined) found.set(runtime, path);
  }
  return found;
}
