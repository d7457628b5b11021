import type { FaultLog } from './fault-log.ts';

/** The faults of one host that are not over: each kind once at a time. */
export interface OpenFaults {
  /** Does nothing while a fault of this kind is open. */
  readonly begin: (kind: string) => void;
  /** Does nothing for kinds that are not open. */
  readonly end: (...kinds: readonly string[]) => void;
}

export function makeOpenFaults(log: FaultLog, host: string): OpenFaults {
  const open = new Map<string, () => void>();
  return {
    begin: (kind) => {
      if (!open.has(kind)) open.set(kind, log.begin(host, kind));
    },
    end: (...kinds) => {
      for (const kind of kinds) {
        open.get(kind)?.();
        open.delete(kind);
      }
    },
  };
}
