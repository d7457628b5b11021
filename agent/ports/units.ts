/** systemd(1) as far as steps need it. */
export interface Units {
  /** @returns null where no such unit is known. */
  look(unit: string, signal: AbortSignal): Promise<UnitLook | null>;
  /** Returns when systemd says that it is up, or that it is not. @returns '' or what systemd said. */
  restart(unit: string, signal: AbortSignal): Promise<string>;
  /** Where it runs already, nothing. @returns '' or what systemd said. */
  start(unit: string, signal: AbortSignal): Promise<string>;
  /** Asks for it and does not wait: for what comes up only together with others. @returns '' or what systemd said. */
  begin(unit: string, signal: AbortSignal): Promise<string>;
  stop(unit: string, signal: AbortSignal): Promise<string>;
  /** At boots from now on, by what its file says; starts nothing. @returns '' or what systemd said. */
  enable(unit: string, signal: AbortSignal): Promise<string>;
  disable(unit: string, signal: AbortSignal): Promise<string>;
  /** What starts it, other than a boot. */
  starters(unit: string, signal: AbortSignal): Promise<UnitStarters>;
  /** The last lines that it logged: for the host's own eyes. */
  lastLines(unit: string, signal: AbortSignal): Promise<string>;
}

export interface UnitStarters {
  /** Its sockets, timers and paths. */
  readonly triggers: readonly string[];
  /** Units that want or require it, or are stopped with it; targets left out. */
  readonly needers: readonly string[];
}

/** As systemd names them: see systemctl(1), `show`. */
export interface UnitLook {
  readonly activeState: string;
  readonly subState: string;
  /** 0 where there is none. */
  readonly mainPid: number;
  /** When that process was started, on the monotonic clock; 0 where there is none. */
  readonly startedMs: number;
  readonly unitFileState: string;
  /** How long it was not active before it last came back; absent where it never went since the boot. */
  readonly awayMs?: number;
  /** How often systemd itself restarted it. */
  readonly restarts: number;
}
