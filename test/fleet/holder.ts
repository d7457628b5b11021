import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { identify } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { mustRun } from './run-program.ts';
import type { ProgramOptions } from './run-program.ts';

/**
 * A sleeping process in a mount namespace and a network namespace of its own. Node cannot unshare itself, so it enters
 * these by the holder's number. Mounts made there are seen nowhere else and vanish with the last process in there. Its
 * network namespace is the switch.
 */
export interface Holder {
  readonly identity: ProcessIdentity;
  /** A path as the holder's mounts show it, for Node's own file calls. Links in it that are absolute lead out of it. */
  readonly path: (path: string) => string;
  /** Runs a program among the holder's mounts and network. Throws when it fails. */
  readonly run: (argv: readonly string[], options?: ProgramOptions) => Promise<string>;
  /** The words before a program that make it run among the holder's mounts. */
  readonly enterMounts: readonly string[];
}

/**
 * A /run of its own keeps what ip-netns(8), mount(8) and nspawn note there off the machine. The pipe on standard input
 * ends when the owner dies, even by kill -9: then the shell kills whatever is in the run's control groups and ends, and
 * the mounts go with it. $1 is the file that kills them. nspawn keeps hidden copies of all mounts that it finds, those of
 * the other hosts too: shared among these namespaces alone, an unmount reaches the copies, else no disk is ever let go.
 */
const holderScript = `set -e
mount --make-rshared /
mount -t tmpfs -o mode=755 fleet-run /run
mkdir -p /run/netns
ip link set lo up
echo ready
read -r nothing || true
echo 1 > "$1"`;
const startMaxMs = 10_000;

/** `cgroup` is the run's own group: it is killed when this process dies before it could take the fleet down. */
export async function startHolder(cgroup: string): Promise<Holder> {
  const argv = ['--mount', '--net', '--propagation', 'private', '--', 'sh', '-c', holderScript, 'sh', `${cgroup}/cgroup.kill`];
  const child = spawn('unshare', argv, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  await waitUntilReady(child);
  const identity = child.pid === undefined ? null : identify(child.pid);
  if (identity === null) throw new Error('the process that holds the namespaces ended at once');
  child.unref();
  (child.stdin as Socket).unref();
  const enter = ['nsenter', '--target', String(identity.pid), '--mount'];
  return {
    identity,
    path: (path) => `/proc/${identity.pid}/root${path}`,
    run: (program, options) => mustRun([...enter, '--net', '--', ...program], { timeoutMs: 60_000, ...options }),
    enterMounts: [...enter, '--'],
  };
}

async function waitUntilReady(child: ChildProcess): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`cannot make the namespaces of a fleet (exit code ${code}): ${said.trim()}`)));
    child.once('error', reject);
    setTimeout(() => reject(new Error('the process that holds the namespaces did not start')), startMaxMs).unref();
  });
  await ready;
  child.removeAllListeners('exit');
  child.stdout?.destroy();
  child.stderr?.destroy();
}
