import { access, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { syncFolder, writeDurably } from '../../../shared/files/write-durably.ts';
import type { RunProgram } from '../../ports/programs.ts';
import type { UpgradeGuard } from '../../ports/upgrade-guard.ts';
import { markerPath, readUpgradeMarker, type UpgradeMarker, writeUpgradeMarker } from '../../runner/upgrade-marker.ts';

const NAME = 'farrier-agent-rescue';
/** A work unit that died is missed for this long at most; after a boot the agent gets to it first where it can. */
const EVERY_S = 10;

/** What lies there outlives a reboot, and no package touches it. */
export const SYSTEM_UNITS_DIR = '/etc/systemd/system';

export interface GuardPlaces {
  readonly stateDir: string;
  readonly configDir: string;
  /** What runs this process: `[node, ...flags, program]`, node and program in one folder named after the version. */
  readonly argv: readonly string[];
  readonly unitsDir: string;
}

export function systemdUpgradeGuard(run: RunProgram, places: GuardPlaces): UpgradeGuard {
  const { stateDir, unitsDir } = places;
  const wanted = join(unitsDir, 'timers.target.wants', `${NAME}.timer`);
  const systemctl = async (signal: AbortSignal, ...words: readonly string[]): Promise<void> => {
    const { code, stderr } = await run(['systemctl', ...words], { signal });
    if (code !== 0) throw new Error(`systemctl ${words.join(' ')}: ${stderr.trim()}`);
  };
  return {
    arm: async (signal) => {
      const marker = (await armedWith(stateDir)) ?? (await keepOwn(run, places, signal));
      await writeUpgradeMarker(stateDir, marker);
      await writeDurably(join(unitsDir, `${NAME}.service`), serviceText(marker, places), 0o644);
      await writeDurably(join(unitsDir, `${NAME}.timer`), TIMER, 0o644);
      await mkdir(dirname(wanted), { recursive: true });
      await rm(wanted, { force: true });
      await symlink(`../${NAME}.timer`, wanted);
      await syncFolder(dirname(wanted));
      await syncFolder(unitsDir);
      await systemctl(signal, 'daemon-reload');
      await systemctl(signal, 'start', `${NAME}.timer`);
    },
    disarm: async (signal) => {
      await rm(markerPath(stateDir), { force: true });
      await syncFolder(stateDir);
      const { code } = await run(['systemctl', 'stop', `${NAME}.timer`], { signal });
      for (const path of [wanted, join(unitsDir, `${NAME}.timer`), join(unitsDir, `${NAME}.service`)]) await rm(path, { force: true });
      await syncFolder(unitsDir);
      if (code === 0) await systemctl(signal, 'daemon-reload');
      await rm(keptFolder(stateDir), { recursive: true, force: true });
    },
  };
}

function keptFolder(stateDir: string): string {
  return join(stateDir, 'versions');
}

/** What an attempt that was cut off had armed already, where all of it is there. */
async function armedWith(stateDir: string): Promise<UpgradeMarker | null> {
  const marker = readUpgradeMarker(stateDir);
  const paths = marker?.argv.filter((word) => word.startsWith('/')) ?? [];
  const there = await Promise.all(paths.map((path) => access(path).then(() => true, () => false)));
  return there.every(Boolean) ? marker : null;
}

/** Linked where that can be, which takes no room; dpkg writes beside and renames, so a link keeps what it led to. */
async function keepOwn(run: RunProgram, { stateDir, argv }: GuardPlaces, signal: AbortSignal): Promise<UpgradeMarker> {
  const from = dirname(argv[0] ?? '');
  const version = basename(from);
  const versions = keptFolder(stateDir);
  const to = join(versions, version);
  const moved = argv.map((word) => (dirname(word) === from ? join(to, basename(word)) : word));
  if (from === to) return { version, argv };
  await mkdir(versions, { recursive: true, mode: 0o700 });
  for (const name of await readdir(versions)) await rm(join(versions, name), { recursive: true, force: true });
  const linked = await run(['cp', '--archive', '--link', from, to], { signal });
  if (linked.code !== 0) {
    await rm(to, { recursive: true, force: true });
    const copied = await run(['cp', '--archive', from, to], { signal });
    if (copied.code !== 0) throw Object.assign(new Error(`keeping version ${version}: ${copied.stderr.trim()}`), /No space left/.test(copied.stderr) ? { code: 'ENOSPC' } : {});
  }
  const synced = await run(['sync', '--file-system', to], { signal });
  if (synced.code !== 0) throw new Error(`sync ${to}: ${synced.stderr.trim()}`);
  await syncFolder(stateDir);
  return { version, argv: moved };
}

function serviceText({ version, argv }: UpgradeMarker, { configDir, stateDir }: GuardPlaces): string {
  const words = [...argv, 'rescue', '--config-dir', configDir, '--state-dir', stateDir];
  return `# Written by the agent while it is being upgraded, and taken away by itself when that is over.
[Unit]
Description=Farrier agent ${version}: sees the upgrade of the agent through

[Service]
Type=oneshot
ExecStart=${words.map((word) => word.replaceAll('%', '%%')).join(' ')}
TimeoutStartSec=120
LogLevelMax=notice
SyslogLevel=notice
KillMode=mixed
`;
}

const TIMER = `# Written by the agent while it is being upgraded, and taken away by itself when that is over.
[Unit]
Description=Farrier agent: looks whether the upgrade of the agent goes on

[Timer]
OnActiveSec=${EVERY_S}
OnUnitInactiveSec=${EVERY_S}
AccuracySec=1
`;
