/** A fault that the harness made on purpose. Times are milliseconds of CLOCK_MONOTONIC, as systemd's are. */
export interface Fault {
  readonly host: string;
  readonly kind: string;
  readonly fromMs: number;
  readonly untilMs: number | null;
}

export interface FaultLog {
  /** Notes the start of a fault; the returned function notes its end, once. */
  readonly begin: (host: string, kind: string) => () => void;
  readonly faults: () => readonly Fault[];
}

/** CLOCK_MONOTONIC in milliseconds: one clock for the harness, the checker and the units of every host. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

export function makeFaultLog(): FaultLog {
  const faults: Fault[] = [];
  return {
    begin: (host, kind) => {
      const index = faults.push({ host, kind, fromMs: monotonicMs(), untilMs: null }) - 1;
      return () => {
        const fault = faults[index];
        if (fault?.untilMs === null) faults[index] = { ...fault, untilMs: monotonicMs() };
      };
    },
    faults: () => [...faults],
  };
}
