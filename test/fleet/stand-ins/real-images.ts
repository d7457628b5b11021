import { chmodSync, copyFileSync, linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

import { putBusybox } from '../container-image.ts';
import { type OciImage, writeOciArchive } from '../oci-archive.ts';
import { mustRun } from '../run-program.ts';
import { etcdWrapper } from './etcd-wrapper.ts';
import { type ControlPlaneProgram, realPath } from './real-programs.ts';

/** kubeadm's check of a cluster's health runs `pause -v`; a trap ends it at once where a pod is deleted. */
const PAUSE = `#!/bin/sh
[ "$1" = -v ] && { echo pause; exit 0; }
trap 'exit 0' TERM INT
while :; do sleep 2147483647 & wait $!; done
`;
const PROGRAMS: readonly ControlPlaneProgram[] = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
/** The programs of these addons are not asked for, so clusters are made without them. */
const ADDONS = /\/(kube-proxy|coredns):/;

/** Archives of one version for `ctr images import`: for every node, and more for control planes. */
export const NODE_IMAGES = 'node-images.tar';
export const CONTROL_PLANE_IMAGES = 'control-plane-images.tar';

/**
 * Packs the images of one version into `out`, under the names that its kubeadm asks for: real programs of Kubernetes,
 * Debian's etcd, and a pause that is a script of busybox.
 */
export async function packRealImages(out: string, folder: string, version: string, etcd: string): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'farrier-real-'));
  mkdirSync(out, { recursive: true });
  try {
    const images = new Map<string, OciImage>();
    for (const reference of await imagesOf(realPath(folder, 'kubeadm', version), version)) {
      const name = basename(reference).split(':')[0] ?? '';
      const rootFs = join(work, name);
      await fill(rootFs, name, folder, version, etcd);
      images.set(name, { reference, rootFs, config: name === 'pause' ? { Entrypoint: ['/pause'] } : {} });
    }
    const isPause = ([name]: readonly [string, OciImage]): boolean => name === 'pause';
    const chosen = (wanted: boolean): readonly OciImage[] => [...images].filter((one) => isPause(one) === wanted).map(([, image]) => image);
    await writeOciArchive(join(out, NODE_IMAGES), chosen(true));
    await writeOciArchive(join(out, CONTROL_PLANE_IMAGES), chosen(false));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** `registry.k8s.io/pause:3.10` and the like, as kubeadm itself lists them. */
async function imagesOf(kubeadm: string, version: string): Promise<readonly string[]> {
  const listed = await mustRun([kubeadm, 'config', 'images', 'list', '--kubernetes-version', version]);
  return listed.trim().split('\n').filter((reference) => !ADDONS.test(reference));
}

async function fill(rootFs: string, name: string, folder: string, version: string, etcd: string): Promise<void> {
  mkdirSync(join(rootFs, 'usr/local/bin'), { recursive: true });
  const program = PROGRAMS.find((one) => one === name);
  if (program !== undefined) {
    put(realPath(folder, program, version), join(rootFs, 'usr/local/bin', program));
    return;
  }
  putBusybox(rootFs);
  if (name === 'pause') {
    writeFileSync(join(rootFs, 'pause'), PAUSE, { mode: 0o755 });
    return;
  }
  if (name !== 'etcd') throw new Error(`kubeadm ${version} asks for an image of ${name}, which nobody here can make`);
  put(etcd, join(rootFs, 'usr/lib/etcd'));
  for (const library of await librariesOf(etcd)) put(library, join(rootFs, library));
  writeFileSync(join(rootFs, 'usr/local/bin/etcd'), etcdWrapper('/usr/lib/etcd'), { mode: 0o755 });
}

/** Paths on this machine, which is no older than the program. */
async function librariesOf(program: string): Promise<readonly string[]> {
  return [...(await mustRun(['ldd', program])).matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
}

/** The file itself, where `from` is a link to one. */
function put(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  try {
    linkSync(realpathSync(from), to);
  } catch {
    copyFileSync(from, to);
    chmodSync(to, 0o755);
  }
}
