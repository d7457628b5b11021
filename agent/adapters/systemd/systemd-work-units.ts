import { setTimeout as sleep } from 'node:timers/promises';

import type { Generation } from '../../../shared/domain/ids.ts';
import type { RunProgram } from '../../ports/programs.ts';
import { WORK_MODES, type WorkUnits } from '../../ports/work-units.ts';

/** At shutdown too: dpkg is not killed in the middle of a package while there is any hope that it ends. */
const STOP_MAX_S = 1_800;
const CALL_MAX_MS = 60_000;
const PREFIX = 'farrier-assignment-';

export interface WorkProgram {
  /** What runs the agent, asked anew for each unit: `[node, ...flags, program]`. */
  readonly argv: () => readonly string[];
  readonly stateDir: string;
  readonly configDir: string;
}

/** A unit that has just ended keeps its name for a moment. */
const NAME_RETRY_MS = 200;
const NAME_TRIES_MAX = 25;

/**
 * One name for each generation and mode: a unit that activates may be started while the one that staged is on its way
 * out. Which of two works is settled by the journal's lock.
 */
export function systemdWorkUnits(run: RunProgram, { argv, stateDir, configDir }: WorkProgram): WorkUnits {
  const call = (maxMs = CALL_MAX_MS): { readonly signal: AbortSignal } => ({ signal: AbortSignal.timeout(maxMs) });
  const running = async (pattern: string): Promise<Generation | null> => {
    const { stdout } = await run(['systemctl', 'list-units', '--plain', '--no-legend', '--full', '--state=active,activating,deactivating,reloading', pattern], call());
    const name = /^farrier-assignment-(\d+)-/m.exec(stdout)?.[1];
    return name === undefined ? null : Number(name);
  };
  return {
    running: () => running(`${PREFIX}*.service`),
    stop: async (generation) => {
      await run(['systemctl', 'stop', `${PREFIX}${generation}-*.service`], call(STOP_MAX_S * 1000 + CALL_MAX_MS));
    },
    kill: async (generation, but) => {
      const units = WORK_MODES.flatMap((mode) => (mode === but ? [] : [`${PREFIX}${generation}-${mode}.service`]));
      // It fails for those that are not there, after it did what it could.
      await run(['systemctl', 'kill', '--signal=SIGKILL', ...units], call());
    },
    start: async (generation, mode) => {
      const unit = `${PREFIX}${generation}-${mode}`;
      for (let tries = 1; ; tries += 1) {
        const { code, stderr } = await run([
          'systemd-run', '--quiet', `--unit=${unit}`, '--collect', '--service-type=exec', `--description=Farrier assignment ${generation} (${mode})`,
          // SIGTERM goes to the program alone, which finishes its step: its dpkg gets none.
          '--property=KillMode=mixed', `--property=TimeoutStopSec=${STOP_MAX_S}`, '--property=OOMScoreAdjust=-800',
          '--', ...argv(), 'work', '--config-dir', configDir, '--state-dir', stateDir, '--generation', String(generation), '--mode', mode,
        ], call());
        if (code === 0) return '';
        const nameTaken = /already (?:exists|loaded)|was already loaded/.test(stderr);
        if (nameTaken && (await running(`${unit}.service`)) !== null) return '';
        if (!nameTaken || tries === NAME_TRIES_MAX) return stderr.trim() || `systemd-run ended with ${code}`;
        await sleep(NAME_RETRY_MS);
      }
    },
  };
}
