import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { hostArchitecture, nodeRuntime } from '../../../systemd/package/node-runtime.ts';
import { writeAptRepository } from '../apt-repository.ts';
import { cacheFolder } from '../cache-folder.ts';
import { downloadDebianPackages } from '../debian-packages.ts';
import { mustRun } from '../run-program.ts';
import { bundleStandIns, type Program, RUNTIME } from './bundle-stand-ins.ts';
import { kubernetesDebs } from './kubernetes-debs.ts';
import { etcdWrapper } from './etcd-wrapper.ts';
import { packRealImages } from './real-images.ts';
import { kubernetesVersions, realFolder, realProgram } from './real-programs.ts';

export interface StandInsOptions {
  /** Versions of kubeadm, kubelet and kubectl to put into the repository: `1.33.9`. */
  readonly kubernetes?: readonly string[];
  /** Versions of the k3s program: `v1.33.9+k3s1`. */
  readonly k3s?: readonly string[];
  /** Further packages for the same repository. */
  readonly debs?: readonly string[];
}

/** What a fleet with stand-ins is booted with. */
export interface StandIns {
  readonly aptRepository: string;
  readonly sharedFolders: Readonly<Record<string, string>>;
  /** Path on this machine of the k3s program of a version. */
  readonly k3s: (version: string) => string;
  /** Path on this machine of a kubectl, for hosts that have none from a package. */
  readonly kubectl: string;
  /** Debian release of the hosts and size of their disks, where real programs need others. */
  readonly suite?: string;
  readonly diskMiB?: number;
}

/** Its containerd is one that Kubernetes 1.33 to 1.35 name as supported (1.7). */
const REAL_SUITE = 'trixie';
/** Images and packages of two versions, and the packages that steps keep for the way back; sparse. */
const REAL_DISK_MIB = 16_384;

/**
 * Packs kubeadm, kubelet, kubectl and k3s into `folder`: kubeadm, kubelet and kubectl are in no Debian repository, so these
 * are small stand-ins with the real packages' names, files, flags and exit codes. They say so in
 * /usr/share/doc/NAME/STAND-IN and on standard error. etcd is Debian's real one. Where FARRIER_REAL_BIN is set, what is
 * packed under these names is real, and what static pods run comes as images.
 */
export async function packStandIns(folder: string, { kubernetes = [], k3s = [], debs = [] }: StandInsOptions): Promise<StandIns> {
  const real = realFolder();
  const runtime = join(folder, 'runtime');
  mkdirSync(runtime, { recursive: true });
  const programOf = real === null ? await putStandIns(runtime) : await putRealImages(runtime, real, kubernetes);
  for (const version of k3s) put(join(runtime, `k3s-${version}`), programOf('k3s', version));
  put(join(runtime, 'kubectl'), programOf('kubectl', `v${kubernetesVersions().old}`));
  const packed: string[] = [];
  for (const version of kubernetes) packed.push(...(await kubernetesDebs(join(folder, 'debs'), version, (program) => programOf(program, `v${version}`))));
  await writeAptRepository(join(folder, 'repository'), [...packed, ...debs]);
  return {
    aptRepository: join(folder, 'repository'), sharedFolders: { [RUNTIME]: runtime }, k3s: (version) => join(runtime, `k3s-${version}`), kubectl: join(runtime, 'kubectl'),
    ...(real === null ? {} : { suite: REAL_SUITE, diskMiB: REAL_DISK_MIB }),
  };
}

type ProgramOf = (program: Program, version: string) => string | Uint8Array;

/** What stands for container images, and the runtime of all stand-ins. */
async function putStandIns(runtime: string): Promise<ProgramOf> {
  const programOf = await bundleStandIns();
  mkdirSync(join(runtime, 'images'), { recursive: true });
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  place(nodeRuntime(root, hostArchitecture(), cacheFolder('packages'), null).path, join(runtime, 'node'));
  place(await realEtcd(), join(runtime, 'etcd'));
  put(join(runtime, 'images/etcd'), etcdWrapper(`${RUNTIME}/etcd`));
  put(join(runtime, 'cri-dockerd'), programOf('cri-dockerd', ''));
  put(join(runtime, 'images/kube-apiserver'), programOf('kube-apiserver', ''));
  for (const name of ['kube-controller-manager', 'kube-scheduler']) put(join(runtime, 'images', name), programOf('control-loop', ''));
  return programOf;
}

async function putRealImages(runtime: string, real: string, kubernetes: readonly string[]): Promise<ProgramOf> {
  const etcd = await realEtcd();
  for (const version of kubernetes) await packRealImages(join(runtime, 'images', `v${version}`), real, `v${version}`, etcd);
  return (program, version) => realProgram(real, program, version);
}

function put(path: string, content: string | Uint8Array): void {
  writeFileSync(path, content, { mode: 0o755 });
}

/** Debian 13's etcd 3.5, which runs on Debian 12 as well. */
async function realEtcd(): Promise<string> {
  const [deb = ''] = await downloadDebianPackages('trixie', ['etcd-server']);
  const folder = cacheFolder('stand-ins');
  const path = join(folder, `etcd-${arch()}`);
  if (!existsSync(path)) {
    const draft = `${path}.${process.pid}`;
    await mustRun(['dpkg-deb', '--extract', deb, draft]);
    linkSync(join(draft, 'usr/bin/etcd'), `${draft}.program`);
    copyFileSync(`${draft}.program`, path);
    for (const left of [draft, `${draft}.program`]) rmSync(left, { recursive: true });
  }
  return path;
}

function place(from: string, to: string): void {
  rmSync(to, { force: true });
  try {
    linkSync(from, to); // Spares 100 MB of copying where both lie on one disk.
  } catch {
    copyFileSync(from, to);
  }
  chmodSync(to, 0o755);
}
