import type { StepBase } from '../step-base.ts';
import type { ArtifactRef } from './artifact-ref.ts';

/** Replaces the binary that the unit of an etcd runs which was set up by hand. Unit, flags and data stay. */
export interface EtcdUpgradeSpec extends StepBase {
  readonly kind: 'etcd_upgrade';
  readonly unit: string;
  /** As `etcd --version` prints it. */
  readonly version: string;
  readonly binary: ArtifactRef;
  /** Whether the members of this plan run an older minor: once all run the new one, nothing goes back. */
  readonly crossesMinor: boolean;
}

/** Gives the disk back what a member's database does not use any more; where too little of it is unused, nothing. */
export interface EtcdDefragmentSpec extends StepBase {
  readonly kind: 'etcd_defragment';
  /** As much of the database is unused, or more. */
  readonly fromFragmentedPercent: number;
  /** Or it takes as much of its quota, or more. */
  readonly fromQuotaPercent: number;
}

/**
 * Brings a cluster out of alarm NOSPACE, one member after the other: old revisions go, this member's database is defragmented,
 * and once every member's is below its quota the alarm is disarmed. Whoever comes last disarms.
 */
export interface EtcdDisarmSpec extends StepBase {
  readonly kind: 'etcd_disarm';
  /** The newest that are not compacted. */
  readonly keepRevisions: number;
}
