import type { PackageVersion } from './step-spec.ts';

/** What a plan names instead of steps: the steps of each node follow from it and the node's facts. One variant a procedure. */
export type Procedure = PackagesProcedure;

/** Packages in one transaction, then restarts of what they belong to. */
export interface PackagesProcedure {
  readonly kind: 'packages';
  readonly install: readonly PackageVersion[];
  readonly sources: readonly string[];
  readonly conffiles: 'keep' | 'replace';
  /** Units in the order in which they are restarted and proved. */
  readonly restart: readonly string[];
}
