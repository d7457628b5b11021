import type { DownInterval } from './down-intervals.ts';
import type { Fault } from './fault-log.ts';

/** A unit of an assignment that ran on a host. Sampled: somewhere from `notBeforeMs` on; by the journal: exactly. */
export interface AssignmentSighting {
  readonly host: string;
  readonly unit: string;
  readonly notBeforeMs: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface Evidence {
  readonly assignments: readonly AssignmentSighting[];
  readonly faults: readonly Fault[];
  /** How far a thing may have gone on after it was last seen: one sampling gap. */
  readonly marginMs: number;
}

export interface Attribution {
  /** `unexplained`: neither an assignment nor a fault of the harness: a test should fail on it or explain it. */
  readonly blame: 'ours' | 'fault' | 'unexplained';
  readonly because: string;
}

export type Attribute = (host: string, interval: DownInterval, evidence: Evidence) => Attribution;

/**
 * Ours when an assignment's unit ran on the host while it went down or was down, even where the harness made a fault as
 * well. A unit that was first seen after the interval ended may have begun before the look that saw it: that counts where
 * no fault of the harness explains the interval.
 */
export const attributeByUnits: Attribute = (host, interval, { assignments, faults, marginMs }) => {
  const startMs = interval.from.earliestMs;
  const endMs = interval.until?.latestMs ?? Infinity;
  const near = assignments.filter((seen) => seen.host === host && seen.lastMs + marginMs >= startMs);
  const during = near.find(({ firstMs }) => firstMs <= endMs);
  if (during !== undefined) return { blame: 'ours', because: `${during.unit} ran` };
  const fault = faults.find((made) => made.host === host && made.fromMs - marginMs <= endMs && (made.untilMs ?? Infinity) + marginMs >= startMs);
  if (fault !== undefined) return { blame: 'fault', because: `the harness made: ${fault.kind}` };
  const maybe = near.find(({ notBeforeMs }) => notBeforeMs <= endMs);
  if (maybe !== undefined) return { blame: 'ours', because: `${maybe.unit} may have run` };
  return { blame: 'unexplained', because: 'no assignment ran and the harness made no fault' };
};
