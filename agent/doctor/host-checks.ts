import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { connect } from 'node:net';

import type { OsFacts, PackageFamily } from '../../shared/domain/host-facts.ts';
import { redactLine } from '../../shared/domain/redact.ts';
import { hostPackageSystem } from '../adapters/packages/host-package-system.ts';
import { runProgram as runOnHost } from '../adapters/run-program.ts';
import { hostFiles } from '../facts/host-files.ts';
import { readOs } from '../facts/os.ts';
import { readLinkFailure, type LinkFailure } from '../link/link-failure.ts';
import type { PackageSystem } from '../ports/package-system.ts';
import { CACHE_DIR } from '../settings/cache-dir.ts';
import type { AgentSettings } from '../settings/settings.ts';
import { type Check, failed, type Finding, ok, warning } from './check.ts';
import { runProgram } from './run-program.ts';

const PROGRAMS = ['/usr/bin/systemd-run', '/usr/bin/systemctl', '/usr/bin/flock'];
/** Of each package system. */
const FAMILY_PROGRAMS: Readonly<Record<PackageFamily, readonly string[]>> = {
  apt: ['/usr/bin/dpkg', '/usr/bin/apt-get'],
  dnf: ['/usr/bin/rpm', '/usr/bin/rpmkeys', '/usr/bin/dnf'],
  zypper: ['/usr/bin/rpm', '/usr/bin/rpmkeys', '/usr/bin/zypper'],
};
const AUDIT_MS = 30_000;
/** Below this neither old nor new packages can be kept for long. */
const DISK_LEAST_BYTES = 512 * 1024 * 1024;
const CONNECT_MS = 5_000;

/** What must be there on the host itself. @param coordinator null where the host is not enrolled: another check says so. */
export function hostChecks(settings: AgentSettings, coordinator: string | null): readonly Check[] {
  const os = readOs(hostFiles());
  const familyPrograms = os.packageFamily === null ? [] : FAMILY_PROGRAMS[os.packageFamily];
  const system = hostPackageSystem(os, { run: runOnHost, sourcesDir: settings.sourcesDir, cacheDir: CACHE_DIR, lockWaitMs: 0 });
  return [
    { name: 'root', run: async () => (process.getuid?.() === 0 ? ok('runs as root') : failed('not root', 'run with sudo')) },
    { name: 'programs', run: async () => findPrograms([...PROGRAMS, ...familyPrograms]) },
    { name: 'systemd', run: async () => await askSystemd() },
    { name: 'package system', run: async () => await auditPackages(os, system) },
    { name: 'disk', run: async () => measureDisk(settings.stateDir) },
    { name: 'package sources', run: async () => await judgeSources(system, settings.sourcesDir) },
    ...(coordinator === null ? [] : [{ name: 'coordinator', run: async () => await reach(coordinator, readLinkFailure(settings.stateDir)) }]),
    { name: 'host', run: async () => await describeHost() },
  ];
}

function findPrograms(programs: readonly string[]) {
  const missing = programs.filter((path) => !isExecutable(path));
  return missing.length === 0 ? ok(`${programs.length} programs are there`) : failed(`missing: ${missing.join(', ')}`, 'install the packages that hold them');
}

async function askSystemd() {
  const { exitCode, stdout } = await runProgram('systemctl', ['is-system-running']);
  const state = stdout.trim();
  if (state === 'running') return ok('running');
  if (state === 'degraded') return warning('some units have failed', '`systemctl --failed` lists them');
  return failed(`systemctl is-system-running says ${state || exitCode}`, 'this agent needs systemd as the host’s init');
}

async function auditPackages(os: OsFacts, system: PackageSystem) {
  if (os.packageFamily === null) return failed(`${os.prettyName || 'this host'} has none of ${Object.keys(FAMILY_PROGRAMS).join(', ')}`, 'packages steps cannot run here; other steps can');
  const broken = await system.broken({ signal: AbortSignal.timeout(AUDIT_MS), output: () => undefined });
  return broken.length === 0 ? ok(`${os.packageFamily}; no package is half installed`) : warning(`half installed: ${broken.join(', ')}`, system.repair);
}

function measureDisk(stateDir: string) {
  const disk = statfsSync(existsSync(stateDir) ? stateDir : '/');
  const bytes = disk.bavail * disk.bsize;
  const text = `${Math.round(bytes / 1024 / 1024)} MiB free for ${stateDir}`;
  return bytes >= DISK_LEAST_BYTES ? ok(text) : failed(text, `free at least ${DISK_LEAST_BYTES / 1024 / 1024} MiB`);
}

/** As staging judges them, so that what it would refuse is known before a plan names it. */
export async function judgeSources(system: Pick<PackageSystem, 'sources'>, sourcesDir: string): Promise<Finding> {
  const sources = await system.sources();
  if (sources.length === 0) return warning(`no source lies in ${sourcesDir}`, 'plans can install only from sources that an admin put there');
  const problems = sources.flatMap(({ problem }) => problem ?? []);
  const usable = sources.flatMap(({ name, problem }) => (problem === null ? [name] : [])).join(', ') || 'none can be used';
  return problems.length === 0 ? ok(usable) : failed(`${usable}; ${problems.join('; ')}`, 'a plan that names such a source is refused while it is staged');
}

async function reach(coordinator: string, last: LinkFailure | null) {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(coordinator) ?? [];
  const problem = await new Promise<string | null>((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: CONNECT_MS });
    const done = (result: string | null): void => {
      socket.destroy();
      resolve(result);
    };
    socket.on('connect', () => done(null));
    socket.on('timeout', () => done('no answer'));
    socket.on('error', (error) => done(error.message));
  });
  if (problem !== null) return failed(`${coordinator}: ${problem}`, 'check the network; the agent dials out, so a firewall must let it');
  if (last !== null) return failed(`${coordinator} answers, and has given no session since ${new Date(last.sinceUnixMs).toISOString()}: ${redactLine(last.why)}`, redactLine(last.remedy));
  return ok(`${coordinator} answers`);
}

async function describeHost() {
  // Costs memory and processes, so it is loaded for this one command only.
  const { default: systeminformation } = await import('systeminformation');
  const [os, memory] = await Promise.all([systeminformation.osInfo(), systeminformation.mem()]);
  return ok(`${os.distro} ${os.release}, kernel ${os.kernel}, ${os.arch}, ${Math.round(memory.total / 1024 / 1024)} MiB of memory`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
