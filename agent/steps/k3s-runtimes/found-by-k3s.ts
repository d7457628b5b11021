import { stat } from 'node:fs/promises';
import { join } from 'node:path';

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

/** @returns the program for which K3s adds a runtime of that name by itself; null where it does not. */
export async function foundByK3s(runtime: string, root: string): Promise<string | null> {
  for (const program of LOOKED_FOR[runtime] ?? []) {
    for (const folder of FOLDERS) if ((await stat(join(root, folder, program)).catch(() => null))?.isFile() === true) return join(folder, program);
  }
  return null;
}
