import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from './host.ts';
import { writeOciArchive } from './oci-archive.ts';
import { identify, isAlive } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

const busyboxImage = 'fleet.invalid/busybox:1';
const containerdNamespace = 'k8s.io';
const applets = ['sh', 'sleep', 'cat', 'echo', 'true', 'false', 'ls', 'wget', 'httpd', 'nc'];
const startMaxMs = 30_000;

/** A container that was seen running on a host; the numbers are those of the host's own process namespace. */
export interface RunningContainer {
  readonly name: string;
  readonly process: ProcessIdentity;
  /** The host's boot it was seen in: after a reboot the same numbers mean another process. */
  readonly bootCount: number;
}

/** Writes an OCI image archive of a static busybox. Returns the path. */
export async function writeBusyboxImage(path: string, reference = busyboxImage): Promise<string> {
  const rootFs = mkdtempSync(join(tmpdir(), 'farrier-busybox-'));
  try {
    putBusybox(rootFs);
    return await writeOciArchive(path, [{ reference, rootFs, config: { Cmd: ['/bin/sleep', '2147483647'], Env: ['PATH=/bin'] } }]);
  } finally {
    rmSync(rootFs, { recursive: true, force: true });
  }
}

/** Lays a static busybox, with a few of its names, and the folders that a runtime mounts into the root of an image. */
export function putBusybox(rootFs: string): void {
  for (const folder of ['bin', 'tmp', 'proc', 'sys', 'dev', 'etc']) mkdirSync(join(rootFs, folder), { recursive: true });
  copyFileSync('/bin/busybox', join(rootFs, 'bin/busybox'));
  chmodSync(join(rootFs, 'bin/busybox'), 0o755);
  for (const applet of applets) symlinkSync('busybox', join(rootFs, 'bin', applet));
}

/** Imports an image archive into the host's containerd. */
export async function importImage(host: Host, archive: string): Promise<void> {
  const hostPath = `/var/tmp/image-${statSync(archive).size}.tar`;
  await host.copyIn(archive, hostPath);
  await host.mustExec(['ctr', '--namespace', containerdNamespace, 'images', 'import', hostPath]);
  await host.exec(['rm', hostPath]);
}

/** Starts a container that stays until it is stopped, in containerd's namespace of Kubernetes. */
export async function startContainer(host: Host, name: string, image = busyboxImage, argv: readonly string[] = ['/bin/sleep', '2147483647']): Promise<RunningContainer> {
  await host.mustExec(['ctr', '--namespace', containerdNamespace, 'run', '--detach', image, name, ...argv], { timeoutMs: startMaxMs });
  const started = await findContainer(host, name);
  if (started === null) throw new Error(`container ${name} did not stay on ${host.name}`);
  return started;
}

/** The container that runs under this name now, or null. */
export async function findContainer(host: Host, name: string): Promise<RunningContainer | null> {
  const { leader, bootCount } = host;
  if (leader === null) return null;
  const { stdout } = await host.peek(['ctr', '--namespace', containerdNamespace, 'tasks', 'list'], { timeoutMs: 5000 });
  const line = stdout.split('\n').map((text) => text.trim().split(/\s+/)).find(([id, , state]) => id === name && state === 'RUNNING');
  const found = line === undefined ? null : identify(Number(line[1]), hostProc(leader));
  return found === null ? null : { name, process: found, bootCount };
}

/** True while that very process runs: a container that was started anew under the same name does not count. Cheap. */
export function isSameContainerRunning(host: Host, container: RunningContainer): boolean {
  const { leader } = host;
  return leader !== null && host.bootCount === container.bootCount && isAlive(container.process, hostProc(leader));
}

/** The host's own /proc, where its processes have the numbers that the host knows. */
function hostProc(leader: ProcessIdentity): string {
  return `/proc/${leader.pid}/root/proc`;
}
