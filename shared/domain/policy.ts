import type { Share } from './plan.ts';

/** The ceilings of a fleet, written by an admin; a plan can only narrow them and the strictest holds. */
export interface FleetPolicy {
  /** 0: the built-in default, no policy was ever put. */
  readonly version: number;
  readonly maxUnavailable: {
    readonly fleet: Share;
    readonly perCluster: Share;
    readonly perZone: Share;
  };
  /** A session lost for longer makes the node unavailable. */
  readonly lostAfterMs: number;
  /** A node lost for longer before its turn is deferred. */
  readonly deferAfterMs: number;
  readonly permitValidForMs: number;
  /** A host whose clock differs by more takes no assignment. */
  readonly clockLimitMs: number;
}

/** Careful where nobody decided: one node at a time. */
export const DEFAULT_POLICY: FleetPolicy = {
  version: 0,
  maxUnavailable: {
    fleet: { unit: 'nodes', value: 1 },
    perCluster: { unit: 'percent', value: 100 },
    perZone: { unit: 'percent', value: 100 },
  },
  lostAfterMs: 45_000,
  deferAfterMs: 3_600_000,
  permitValidForMs: 60_000,
  clockLimitMs: 120_000,
};
