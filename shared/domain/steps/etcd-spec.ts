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
