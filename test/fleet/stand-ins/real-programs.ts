import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Program } from './bundle-stand-ins.ts';

/** Programs that containers of a real control plane run. */
export type ControlPlaneProgram = 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler';

/** The folder of FARRIER_REAL_BIN, which holds `VERSION/PROGRAM` of real ones such as `v1.34.1/kubeadm`; null where none is named. */
export function realFolder(): string | null {
  return process.env['FARRIER_REAL_BIN'] || null;
}

/** @throws where the folder lacks it: no stand-in is used then */
export function realProgram(folder: string, program: Program, version: string): Buffer {
  return readFileSync(realPath(folder, program, version));
}

/** @throws where the folder lacks it */
export function realPath(folder: string, program: Program | ControlPlaneProgram, version: string): string {
  const path = join(folder, version, program);
  if (!existsSync(path)) throw new Error(`FARRIER_REAL_BIN names ${folder}, which has no ${version}/${program}`);
  return path;
}

/** Versions of Kubernetes that tests go to and fro between, without their `v`. */
export interface KubernetesVersions {
  readonly old: string;
  /** One minor on. */
  readonly next: string;
}

/** Those of the folder of real programs where there is one. @throws where it has no two of one minor after the other */
export function kubernetesVersions(): KubernetesVersions {
  const folder = realFolder();
  if (folder === null) return { old: '1.33.9', next: '1.34.1' };
  const versions = readdirSync(folder).filter((name) => /^v\d+\.\d+\.\d+$/.test(name)).map((name) => name.slice(1));
  const minorOf = (version: string): number => Number(version.split('.')[1]);
  for (const old of versions.toSorted()) {
    const next = versions.find((version) => minorOf(version) === minorOf(old) + 1);
    if (next !== undefined) return { old, next };
  }
  throw new Error(`FARRIER_REAL_BIN names ${folder}, which has no two versions of one minor after the other: ${versions.join(', ')}`);
}
