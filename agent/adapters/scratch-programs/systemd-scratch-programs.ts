import { createHash } from 'node:crypto';
import { basename } from 'node:path';

import type { RunProgram } from '../../ports/programs.ts';
import type { ScratchPrograms } from '../../ports/scratch-programs.ts';

const PREFIX = 'farrier-proof-';
const CALL_MAX_MS = 60_000;

/**
 * Each in a transient unit of its own: whatever else the host does goes first, and nothing but the folder can be written. It has no
 * network at all, not even the host's loopback: who is asked is asked by a Unix socket in the folder. The folder must lie
 * outside /tmp, of which the unit has its own.
 *
 * @param memoryMaxBytes of one program; the disk's cache of what it reads is counted, and given back first
 */
export function systemdScratchPrograms(run: RunProgram, memoryMaxBytes: number): ScratchPrograms {
  let count = 0;
  return {
    start: (argv, { folder, maxMs }, signal) => {
      count += 1;
      const unit = `${prefixOf(folder)}${process.pid}-${count}`;
      return {
        ended: run([
          'systemd-run', '--quiet', '--pipe', '--wait', '--collect', `--unit=${unit}`, '--service-type=exec', `--description=Farrier proof: ${basename(argv[0])}`,
          ...properties(folder, maxMs, memoryMaxBytes).map((property) => `--property=${property}`),
          '--', ...argv,
        ], { signal }),
      };
    },
    endAll: async (folder) => {
      const call = async (...args: readonly string[]): Promise<string> => (await run(['systemctl', ...args, `${prefixOf(folder)}*.service`], { signal: AbortSignal.timeout(CALL_MAX_MS) })).stdout.trim();
      // It fails where there is none.
      await call('kill', '--signal=SIGKILL');
      await call('stop');
      const left = await call('list-units', '--plain', '--no-legend', '--full', '--state=active,activating,deactivating,reloading');
      return left === '' ? '' : `these units do not end: ${left}`;
    },
  };
}

/** The folder tells them apart: its path does not fit into a name. */
function prefixOf(folder: string): string {
  return `${PREFIX}${createHash('sha256').update(folder).digest('hex').slice(0, 16)}-`;
}

function properties(folder: string, maxMs: number, memoryMaxBytes: number): readonly string[] {
  return [
    `WorkingDirectory=${folder}`, `RuntimeMaxSec=${Math.ceil(maxMs / 1000)}`, 'TimeoutStopSec=10', 'KillMode=control-group',
    'CPUSchedulingPolicy=idle', 'CPUWeight=1', 'IOSchedulingClass=idle', 'IOWeight=1', `MemoryMax=${memoryMaxBytes}`, 'OOMScoreAdjust=900',
    'PrivateNetwork=yes', 'PrivateTmp=yes', 'PrivateDevices=yes', 'ProtectSystem=strict', `ReadWritePaths=${folder}`, 'ProtectKernelTunables=yes', 'ProtectControlGroups=yes', 'NoNewPrivileges=yes', 'UMask=0077',
  ];
}
