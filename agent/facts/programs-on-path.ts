import { statSync } from 'node:fs';
import { join } from 'node:path';

import { FACT_VERSION_PATTERN } from '../../shared/domain/host-facts.ts';
import type { RunProgram } from '../ports/programs.ts';

/** Where systemd looks; what an admin put beside the packages comes first. */
const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin'];
const SAY_VERSION_MAX_MS = 10_000;

export interface KnownProgram {
  readonly name: string;
  readonly args: readonly string[];
  /** Its first group is the version. */
  readonly says: RegExp;
  /** Packages whose version is this program's: then it need not be asked. */
  readonly packages: readonly string[];
}

export const PROGRAMS = {
  containerd: { name: 'containerd', args: ['--version'], says: /^containerd \S+ v?(\S+)/, packages: ['containerd', 'containerd.io'] },
  runc: { name: 'runc', args: ['--version'], says: /^runc version v?(\S+)/, packages: ['runc'] },
  crun: { name: 'crun', args: ['--version'], says: /^crun version v?(\S+)/, packages: ['crun'] },
  docker: { name: 'dockerd', args: ['--version'], says: /^Docker version v?([^\s,]+)/, packages: ['docker.io', 'docker-ce', 'moby-engine'] },
  kubeadm: { name: 'kubeadm', args: ['version', '-o', 'short'], says: /^(v\S+)/, packages: ['kubeadm'] },
  kubelet: { name: 'kubelet', args: ['--version'], says: /^Kubernetes (v\S+)/, packages: ['kubelet'] },
  kubectl: { name: 'kubectl', args: ['version', '--client', '-o', 'json'], says: /"gitVersion": *"(v[^"]+)"/, packages: ['kubectl'] },
  k3s: { name: 'k3s', args: ['--version'], says: /^k3s version (v\S+)/, packages: [] },
} as const satisfies Record<string, KnownProgram>;

/** Asks programs for their versions, each again only when its file has changed. */
export class ProgramVersions {
  readonly #root: string;
  readonly #run: RunProgram;
  readonly #said = new Map<string, { readonly file: string; readonly version: string | null }>();

  constructor(root: string, run: RunProgram) {
    this.#root = root;
    this.#run = run;
  }

  /** Null where it is not there, or where it does not say. */
  async versionOf({ name, args, says, packages }: KnownProgram, installed: Readonly<Record<string, string>>, signal: AbortSignal): Promise<string | null> {
    const path = this.#find(name);
    if (path === null) return null;
    const packaged = packages.find((each) => installed[each] !== undefined);
    if (packaged !== undefined && !path.startsWith('/usr/local/')) return installed[packaged] ?? null;
    const { mtimeMs, ino, size } = statSync(join(this.#root, path));
    const file = `${path} ${ino} ${size} ${mtimeMs}`;
    const known = this.#said.get(name);
    if (known?.file === file) return known.version;
    const version = await this.#ask([path, ...args], says, signal);
    this.#said.set(name, { file, version });
    return version;
  }

  #find(name: string): string | null {
    const path = FOLDERS.map((folder) => `${folder}/${name}`).find((each) => statSync(join(this.#root, each), { throwIfNoEntry: false })?.isFile());
    return path ?? null;
  }

  async #ask([path, ...args]: readonly [string, ...string[]], says: RegExp, signal: AbortSignal): Promise<string | null> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(SAY_VERSION_MAX_MS)]);
    try {
      const { code, stdout } = await this.#run([join(this.#root, path), ...args], { signal: limit });
      const version = code === 0 ? says.exec(stdout)?.[1] : undefined;
      return version !== undefined && FACT_VERSION_PATTERN.test(version) ? version : null;
    } catch {
      // It does not run on this host, or it hangs: then nobody knows its version.
      return null;
    }
  }
}
