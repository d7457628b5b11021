import { accessSync, constants, existsSync, readdirSync, statfsSync } from 'node:fs';
import { connect } from 'node:net';

import type { AgentSettings } from '../settings/settings.ts';
import { type Check, failed, ok, warning } from './check.ts';
import { runProgram } from './run-program.ts';

const PROGRAMS = ['/usr/bin/systemd-run', '/usr/bin/systemctl', '/usr/bin/flock', '/usr/bin/dpkg', '/usr/bin/apt-get'];
/** Below this neither old nor new packages can be kept for long. */
const DISK_LEAST_BYTES = 512 * 1024 * 1024;
const CONNECT_MS = 5_000;

/** What must be there on the host itself. */
export function hostChecks(settings: AgentSettings, coordinator: string | null): readonly Check[] {
  return [
    { name: 'root', run: async () => (process.getuid?.() === 0 ? ok('runs as root') : failed('not root', 'run with sudo')) },
    { name: 'programs', run: async () => findPrograms() },
    { name: 'systemd', run: async () => await askSystemd() },
    { name: 'package system', run: async () => await auditPackages() },
    { name: 'disk', run: async () => measureDisk(settings.stateDir) },
    { name: 'package sources', run: async () => listSources(settings.sourcesDir) },
    { name: 'coordinator', run: async () => await reach(coordinator) },
    { name: 'host', run: async () => await describeHost() },
  ];
}

function findPrograms() {
  const missing = PROGRAMS.filter((path) => !isExecutable(path));
  return missing.length === 0 ? ok(`${PROGRAMS.length} programs are there`) : failed(`missing: ${missing.join(', ')}`, 'install the packages that hold them');
}

async function askSystemd() {
  const { exitCode, stdout } = await runProgram('systemctl', ['is-system-running']);
  const state = stdout.trim();
  if (state === 'running') return ok('running');
  if (state === 'degraded') return warning('some units have failed', '`systemctl --failed` lists them');
  return failed(`systemctl is-system-running says ${state || exitCode}`, 'this agent needs systemd as the host’s init');
}

async function auditPackages() {
  const { stdout } = await runProgram('dpkg', ['--audit']);
  return stdout.trim() === ''
    ? ok('no package is half installed')
    : warning('packages are half installed', '`dpkg --audit` lists them; the agent runs `dpkg --configure -a` before it installs');
}

function measureDisk(stateDir: string) {
  const disk = statfsSync(existsSync(stateDir) ? stateDir : '/');
  const bytes = disk.bavail * disk.bsize;
  const text = `${Math.round(bytes / 1024 / 1024)} MiB free for ${stateDir}`;
  return bytes >= DISK_LEAST_BYTES ? ok(text) : failed(text, `free at least ${DISK_LEAST_BYTES / 1024 / 1024} MiB`);
}

function listSources(sourcesDir: string) {
  const names = existsSync(sourcesDir) ? readdirSync(sourcesDir).filter((name) => /\.(list|sources)$/.test(name)) : [];
  return names.length > 0 ? ok(names.join(', ')) : warning(`no source lies in ${sourcesDir}`, 'plans can install only from sources that an admin put there');
}

async function reach(coordinator: string | null) {
  if (coordinator === null) return failed('this host is not enrolled', 'farrier-agent enroll --help');
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
  return problem === null ? ok(`${coordinator} answers`) : failed(`${coordinator}: ${problem}`, 'check the network; the agent dials out, so a firewall must let it');
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
