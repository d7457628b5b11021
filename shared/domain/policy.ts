import type { Retention } from './keep-snapshots.ts';
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
  readonly snapshots: SnapshotPolicy;
}

/** Of the datastores of all clusters. What is missed is an alert and blocks nothing; I8 has limits of its own. */
export interface SnapshotPolicy {
  /** `age1...` of keys that lie with people, off line: they can open every snapshot that this coordinator orders. */
  readonly recipients: readonly string[];
  /** RPO: how old the newest snapshot may be. */
  readonly takenWithinMs: number;
  /** How old the newest one that was proved may be. */
  readonly provedWithinMs: number;
  /** RTO: how long a drill may take. */
  readonly restoredWithinMs: number;
  /** A snapshot is taken and brought to the coordinator this often; null: only when somebody asks for it. */
  readonly copyEveryMs: number | null;
  /** The same for drills. */
  readonly drillEveryMs: number | null;
  /** Of the coordinator's copies. */
  readonly keep: Retention;
}

const HOUR_MS = 3_600_000;

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
  snapshots: {
    recipients: [],
    ...{ takenWithinMs: HOUR_MS, provedWithinMs: 24 * HOUR_MS, restoredWithinMs: 2 * HOUR_MS, copyEveryMs: null, drillEveryMs: null },
    keep: { newest: 3, withinMs: 24 * HOUR_MS, hourly: 0, daily: 7, weekly: 4 },
  },
};
