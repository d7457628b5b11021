import { setTimeout as sleep } from 'node:timers/promises';

import type { RunProgram } from '../../ports/programs.ts';
import type { SnapshotUnits } from '../../ports/snapshot-units.ts';
import { LIVE_FOLDER } from '../../snapshots/work/snapshot-places.ts';
import { formatWork } from '../../snapshots/work/work-text.ts';

export const SNAPSHOT_UNIT = 'farrier-snapshot.service';
const CALL_MAX_MS = 60_000;
/** A unit that has just ended keeps its name for a moment. */
const NAME_RETRY_MS = 200;
const NAME_TRIES_MAX = 25;
const MEMORY_MAX_BYTES = 768 * 1024 * 1024;
/** Whatever hangs in it. */
const RUN_MAX_S = 12 * 3_600;

/**
 * What else the host does goes first, the datastore's disk above all. The program runs without the agent's own flags: it compiles,
 * for hashing pages without that takes a third longer, and has room for SQLite and zstd.
 */
const PROPERTIES = [
  'CPUWeight=20', 'Nice=10', 'IOSchedulingClass=idle', 'IOWeight=1', `MemoryMax=${MEMORY_MAX_BYTES}`, 'TasksMax=64', 'OOMScoreAdjust=500', `RuntimeMaxSec=${RUN_MAX_S}`,
  // SIGTERM to the program alone, which leaves nothing half done.
  'KillMode=mixed', 'TimeoutStopSec=60',
  // A core would hold a datastore and its keys.
  'LimitCORE=0', 'UMask=0077', 'NoNewPrivileges=yes', 'ProtectSystem=full', 'ProtectKernelTunables=yes',
  `RuntimeDirectory=${LIVE_FOLDER.replace('/run/', '')}`, 'RuntimeDirectoryMode=0700', 'RuntimeDirectoryPreserve=yes',
];

export interface SnapshotProgram {
  /** What runs the agent: the program of `[node, ...flags, program]` without its flags. */
  readonly argv: readonly [string, string];
  readonly stateDir: string;
  readonly configDir: string;
}

/** One name for all work: two at once are impossible, whoever asks. */
export function systemdSnapshotUnits(run: RunProgram, { argv: [node, program], stateDir, configDir }: SnapshotProgram): SnapshotUnits {
  const call = (): { readonly signal: AbortSignal } => ({ signal: AbortSignal.timeout(CALL_MAX_MS) });
  const isRunning = async (): Promise<boolean> => {
    const { stdout } = await run(['systemctl', 'show', '--property=ActiveState', '--value', '--', SNAPSHOT_UNIT], call());
    return !['inactive', 'failed', ''].includes(stdout.trim());
  };
  return {
    isRunning,
    start: async (work) => {
      for (let tries = 1; ; tries += 1) {
        const { code, stderr } = await run([
          'systemd-run', '--quiet', `--unit=${SNAPSHOT_UNIT}`, '--collect', '--service-type=exec', `--description=Farrier snapshots: ${work.kind}`,
          ...PROPERTIES.map((property) => `--property=${property}`),
          '--', node, '--max-semi-space-size=1', '--disable-sigusr1', program, 'snapshot-work', '--config-dir', configDir, '--state-dir', stateDir, '--work', formatWork(work),
        ], call());
        if (code === 0) return '';
        const nameTaken = /already (?:exists|loaded)|was already loaded/.test(stderr);
        if (nameTaken && (await isRunning())) return 'running';
        if (!nameTaken || tries === NAME_TRIES_MAX) return stderr.trim() || `systemd-run ended with ${code}`;
        await sleep(NAME_RETRY_MS);
      }
    },
  };
}
