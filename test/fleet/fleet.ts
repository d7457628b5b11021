import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupHierarchies, makeCgroups } from './cgroup-tree.ts';
import { guardExit } from './exit-guard.ts';
import { makeFaultLog } from './fault-log.ts';
import type { Fault, FaultLog } from './fault-log.ts';
import { makeHostDisk } from './host-disk.ts';
import { Host } from './host.ts';
import { startHolder } from './holder.ts';
import type { Holder } from './holder.ts';
import { ownIdentity } from './process-identity.ts';
import { removeRun, sweep } from './remove-run.ts';
import { ensureRootFs } from './root-fs.ts';
import { runProgram } from './run-program.ts';
import type { ProgramOptions, ProgramResult } from './run-program.ts';
import { runsFolder, writeRunRecord } from './run-record.ts';
import type { RunRecord } from './run-record.ts';
import { spawnInSwitch, switchCommand } from './switch-process.ts';
import type { SwitchSpawnOptions } from './switch-process.ts';
import { addressOfHost, hostsMax, makeSwitch, switchAddress } from './switch-network.ts';

export interface HostOptions {
  readonly name: string;
  /** Size of its only disk, sparse; small where a full disk is to be tested. */
  readonly diskMiB?: number;
  /** Debian release, where it differs from the fleet's. */
  readonly suite?: string;
  /** Instead of the fleet's. */
  readonly extraPackages?: readonly string[];
}

export interface FleetOptions {
  readonly hosts: readonly HostOptions[];
  readonly suite?: string;
  /** Of hosts that name no size of their own. */
  readonly diskMiB?: number;
  readonly extraPackages?: readonly string[];
  /** A flat repository folder: every host sees it at /srv/repo and has it as its only package source. */
  readonly aptRepository?: string;
  /** Folders of each host that lie on its disk outside the overlay; /var/lib/containerd is always one. */
  readonly ownPaths?: readonly string[];
  /** Folders of this machine that every host sees read-only: host path to local path. */
  readonly sharedFolders?: Readonly<Record<string, string>>;
  /** Names of the switch's address in every /etc/hosts, beside `switch` and `coordinator`. */
  readonly switchNames?: readonly string[];
  /** What it is for, as listed by the command line. */
  readonly label?: string;
  /** false makes the hosts without starting them. */
  readonly start?: boolean;
  readonly onProgress?: (line: string) => void;
}

export interface Fleet {
  readonly runId: string;
  /** A folder that goes with the fleet. */
  readonly folder: string;
  readonly hosts: readonly Host[];
  readonly host: (name: string) => Host;
  /** Where the coordinator listens; hosts know it as `coordinator` and `switch`. */
  readonly switchAddress: string;
  /** Runs a program of this machine in the switch's network namespace, with the hosts' names in /etc/hosts. */
  readonly spawnInSwitch: (argv: readonly string[], options?: SwitchSpawnOptions) => ChildProcess;
  /** As spawnInSwitch, to its end. Never throws for an exit code. */
  readonly switchExec: (argv: readonly string[], options?: ProgramOptions) => Promise<ProgramResult>;
  readonly faults: () => readonly Fault[];
  /** Notes a fault that a test makes by its own means, so that the checker does not blame Farrier; returns its end. */
  readonly noteFault: FaultLog['begin'];
  /** Leaves nothing on the machine. Throws with the list of what would not go. Idempotent. */
  readonly tearDown: () => Promise<void>;
}

const diskDefaultMiB = 4096;
let counter = 0;

/** Makes hosts and starts them. What an earlier, dead run left is swept first. On failure nothing stays behind. */
export async function bootFleet(options: FleetOptions): Promise<Fleet> {
  if (options.hosts.length === 0 || options.hosts.length > hostsMax) throw new Error(`a fleet has 1 to ${hostsMax} hosts, not ${options.hosts.length}`);
  for (const { name } of options.hosts) if (!/^[a-z][a-z0-9-]{0,40}$/.test(name)) throw new Error(`not a host name: ${name}`);
  sweep();
  const owner = ownIdentity();
  const runId = `${owner.pid}-${owner.startTicks}-${counter++}`;
  const folder = join(runsFolder(), runId);
  const hierarchies = cgroupHierarchies();
  const top = `farrier-fleet-${runId}`;
  const addresses = options.hosts.map(({ name }, index) => ({ name, address: addressOfHost(index) }));
  const hostsFile = join(folder, 'etc-hosts');
  mkdirSync(folder, { recursive: true });
  let record: RunRecord = { runId, folder, label: options.label ?? 'test', owner, holder: null, cgroups: [], hosts: [], hostsFile };
  const keep = (change: Partial<RunRecord>): void => writeRunRecord((record = { ...record, ...change }));
  keep({ cgroups: makeCgroups(hierarchies, top) });
  const liftGuard = guardExit(() => record);
  const hosts: Host[] = [];
  const tearDown = (): Promise<void> => {
    for (const host of hosts) host.abandon();
    const left = removeRun(record);
    liftGuard();
    return left.length === 0 ? Promise.resolve() : Promise.reject(new Error(`the fleet left on this machine: ${left.join(', ')}`));
  };
  try {
    writeFileSync(hostsFile, hostsText(addresses, options.switchNames ?? []));
    const holder = await startHolder(record.cgroups[0] ?? '');
    keep({ holder: holder.identity });
    await makeSwitch(holder);
    const faultLog = makeFaultLog();
    const groups = options.hosts.map(({ name }) => makeCgroups(hierarchies, top, name));
    keep({ hosts: addresses.map((host, index) => ({ ...host, cgroup: groups[index]?.[0] ?? '' })) });
    hosts.push(...(await Promise.all(options.hosts.map((host, index) => makeHost({ holder, faultLog, options, host, index, folder, hostsFile: hostsText(addresses, options.switchNames ?? []), cgroups: groups[index] ?? [] })))));
    if (options.start !== false) await Promise.all(hosts.map((host) => host.boot()));
    const place = { holder: holder.identity, cgroup: makeCgroups(hierarchies, top, 'switch')[0] ?? '', hostsFile };
    return {
      runId, folder, hosts, switchAddress, tearDown,
      host: (name) => {
        const found = hosts.find((host) => host.name === name);
        if (found === undefined) throw new Error(`no host ${name} in this fleet: ${hosts.map((host) => host.name).join(', ')}`);
        return found;
      },
      spawnInSwitch: (argv, spawnOptions) => spawnInSwitch(place, argv, spawnOptions),
      switchExec: (argv, execOptions) => runProgram(switchCommand(place, argv), execOptions),
      faults: faultLog.faults,
      noteFault: faultLog.begin,
    };
  } catch (error) {
    await tearDown().catch((left: unknown) => options.onProgress?.(String(left)));
    throw error;
  }
}

interface MakeHost {
  readonly holder: Holder;
  readonly faultLog: FaultLog;
  readonly options: FleetOptions;
  readonly host: HostOptions;
  readonly index: number;
  readonly folder: string;
  readonly hostsFile: string;
  readonly cgroups: readonly string[];
}

async function makeHost({ holder, faultLog, options, host, index, folder, hostsFile, cgroups }: MakeHost): Promise<Host> {
  const suite = host.suite ?? options.suite;
  const extraPackages = host.extraPackages ?? options.extraPackages;
  const rootFs = await ensureRootFs({
    ...(suite === undefined ? {} : { suite }),
    ...(extraPackages === undefined ? {} : { extraPackages }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  const hostFolder = join(folder, 'hosts', host.name);
  mkdirSync(hostFolder, { recursive: true });
  const shared = { ...options.sharedFolders, ...(options.aptRepository === undefined ? {} : { '/srv/repo': options.aptRepository }) };
  const ownPaths = [...new Set(['/var/lib/containerd', ...(options.ownPaths ?? [])])];
  return new Host({
    name: host.name, index, address: addressOfHost(index), folder: hostFolder, cgroups, holder, faultLog,
    disk: await makeHostDisk(holder, { folder: hostFolder, rootFs, diskMiB: host.diskMiB ?? options.diskMiB ?? diskDefaultMiB, ownPaths }),
    binds: Object.entries(shared).map(([hostPath, localPath]) => `--bind-ro=${localPath}:${hostPath}`),
    firstFiles: {
      '/etc/hostname': `${host.name}\n`,
      '/etc/hosts': hostsFile,
      ...(options.aptRepository === undefined ? {} : { '/etc/apt/sources.list.d/fleet.list': 'deb [trusted=yes] file:/srv/repo ./\n' }),
    },
  });
}

function hostsText(hosts: readonly { readonly name: string; readonly address: string }[], switchNames: readonly string[]): string {
  return ['127.0.0.1 localhost', '::1 localhost', [switchAddress, 'switch', 'coordinator', ...switchNames].join(' '), ...hosts.map(({ name, address }) => `${address} ${name}`), ''].join('\n');
}
