import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineCodename, machineDebianSources, oneLineSources } from './apt-sources.ts';
import { cacheFolder } from './cache-folder.ts';
import { withCacheLock } from './cache-lock.ts';
import { mustRun } from './run-program.ts';

export interface RootFsOptions {
  /** Debian release of the hosts; the machine's own when not given. */
  readonly suite?: string;
  /** Debian packages beside those every host has. */
  readonly extraPackages?: readonly string[];
  readonly onProgress?: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What every host has. No Node and no compiler: a host must never need them. */
const packages = [
  'systemd', 'systemd-sysv', 'dbus', 'iproute2', 'iputils-ping', 'procps', 'ca-certificates', 'openssl', 'kmod',
  'containerd', 'runc', 'crun', 'containernetworking-plugins', 'nftables', 'util-linux',
];
/** Raised when buildRootFs changes what it makes, so that an older cache is not taken for it. */
const recipeVersion = 4;
const buildMaxMs = 15 * 60_000;
/** What would only cost time, or reach for an internet that the hosts do not have. */
const maskedUnits = [
  'console-getty.service', 'getty@.service', 'getty.target', 'apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer',
  'e2scrub_all.timer', 'e2scrub_reap.service', 'fstrim.timer', 'systemd-networkd.service', 'systemd-resolved.service',
  'systemd-timesyncd.service', 'systemd-udevd.service', 'systemd-modules-load.service', 'systemd-logind.service',
];

/**
 * The folder of a root file system for hosts, built on the first call and kept in the cache under a hash of its recipe.
 * Never write into it: hosts lay an overlay over it. Idempotent; two processes at once build it once.
 */
export async function ensureRootFs(options: RootFsOptions = {}): Promise<string> {
  const machineSuite = machineCodename();
  const suite = options.suite ?? machineSuite;
  const include = [...packages, ...(options.extraPackages ?? [])];
  const sources = oneLineSources(machineDebianSources(), machineSuite, suite);
  if (sources.length === 0) throw new Error('no Debian archive in the apt sources of this machine: name one in /etc/apt/sources.list.d');
  const key = createHash('sha256').update(JSON.stringify([recipeVersion, suite, include, maskedUnits])).digest('hex').slice(0, 12);
  const ready = join(cacheFolder('rootfs'), `${suite}-${key}`);
  const marker = `${ready}.ready`;
  const isReady = (): boolean => existsSync(marker) && existsSync(ready);
  if (isReady()) return ready;
  await withCacheLock(`${ready}.lock`, async () => {
    if (isReady()) return;
    options.onProgress?.(`building the root file system of Debian ${suite} (once, some 20-120 s)`);
    const draft = `${ready}.draft`;
    for (const left of [draft, ready]) rmSync(left, { recursive: true, force: true });
    await buildRootFs(draft, suite, include, sources, options.signal);
    renameSync(draft, ready);
    writeFileSync(marker, new Date().toISOString());
    options.onProgress?.(`root file system ready: ${ready}`);
  });
  return ready;
}

async function buildRootFs(folder: string, suite: string, include: readonly string[], sources: readonly string[], signal?: AbortSignal): Promise<void> {
  await mustRun([
    'mmdebstrap', '--mode=root', '--variant=minbase', `--include=${include.join(',')}`,
    '--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Retries "3"', '--dpkgopt=force-unsafe-io', suite, folder, ...sources,
  ], { timeoutMs: buildMaxMs, ...(signal === undefined ? {} : { signal }) });
  // force-unsafe-io would make every power cut test of dpkg meaningless. The sources lead nowhere from a host.
  for (const path of [
    'etc/dpkg/dpkg.cfg.d/99mmdebstrap', 'etc/apt/apt.conf.d/99mmdebstrap', 'etc/apt/sources.list', 'etc/apt/sources.list.d', 'var/lib/apt/lists',
    'etc/hostname', 'etc/resolv.conf', 'etc/machine-id', 'var/lib/dbus/machine-id', 'etc/ssh/ssh_host_rsa_key',
  ]) rmSync(join(folder, path), { recursive: true, force: true });
  for (const path of ['etc/apt/sources.list.d', 'var/lib/apt/lists/partial', 'var/log/journal', 'etc/systemd/system.conf.d', 'etc/systemd/journald.conf.d', 'srv']) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  const files: Readonly<Record<string, string>> = {
    'etc/resolv.conf': '',
    'etc/systemd/system.conf.d/fleet.conf': '[Manager]\nDefaultTimeoutStopSec=5s\n',
    'etc/systemd/journald.conf.d/fleet.conf': '[Journal]\nStorage=persistent\nSystemMaxUse=64M\n',
    'fleet-init': initWrapper,
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text, { mode: path === 'fleet-init' ? 0o755 : 0o644 });
  await mustRun(['chroot', folder, 'systemctl', 'mask', '--quiet', ...maskedUnits]);
}

/** nspawn mounts the controllers of cgroup v1 read-only: systemd and runc in the host need to write them. */
const initWrapper = `#!/bin/sh
for c in /sys/fs/cgroup/*/; do mount -o remount,bind,rw "$c" 2>/dev/null; done
exec /lib/systemd/systemd "$@"
`;
