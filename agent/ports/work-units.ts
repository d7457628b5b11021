import type { Generation } from '../../shared/domain/ids.ts';

/**
 * stage     what disrupts nothing
 * activate  what the journal and the permit allow
 * finish, revert  a person on the host decided which way
 * went-silent     the watchdog did: back
 */
export type WorkMode = 'stage' | 'activate' | 'finish' | 'revert' | 'went-silent';

export const WORK_MODES: readonly WorkMode[] = ['stage', 'activate', 'finish', 'revert', 'went-silent'];

/** What changes the host runs here, outside the agent: an agent that is killed or upgraded kills nothing. One at a time. */
export interface WorkUnits {
  /** Returns when it runs. Starting one that runs already changes nothing. @returns '' or what systemd said. */
  start(generation: Generation, mode: WorkMode): Promise<string>;
  /** The generation that a unit is running for. */
  running(): Promise<Generation | null>;
  /** Staging ends at once, a step that changes the host is finished first; resolves when the unit is gone. */
  stop(generation: Generation): Promise<void>;
  /** As a crash, with all that it started, whatever it was doing: every unit of the generation but that of mode `but`. */
  kill(generation: Generation, but: WorkMode): Promise<void>;
}
