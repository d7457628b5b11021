import type { Generation } from '../../shared/domain/ids.ts';

/** Runs outside the agent and survives reboots: past the deadline it has a begun assignment reverted. Idempotent. */
export interface Watchdog {
  /** `silenceMs` from now, on the wall clock as nothing else survives a reboot. An armed one keeps its deadline. */
  arm(generation: Generation, silenceMs: number): Promise<void>;
  disarm(generation: Generation): Promise<void>;
}

/** For `farrier-agent watchdog`, which its timer starts to look at them. */
export interface Deadlines extends Watchdog {
  armed(): Promise<readonly Generation[]>;
  /** Whose deadline is past. */
  due(): Promise<readonly Generation[]>;
}
