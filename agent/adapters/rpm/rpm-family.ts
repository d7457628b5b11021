import type { PackageVersion } from '../../../shared/domain/step-spec.ts';
import type { PackageCall, PackageName, PackageState } from '../../ports/package-system.ts';
import type { ProgramResult } from '../../ports/programs.ts';
import type { StepFailure } from '../../steps/step.ts';
import type { InstalledRpm } from './rpm-query.ts';

/** Stands for the host where sources are asked: its rpm database as it is, and none of its locks, holds and caches. */
export interface ScratchRoot {
  readonly root: string;
  /** A copy of the host's rpm database, below `root` where rpm looks for it. */
  readonly database: string;
  /** Holds the named sources alone. */
  readonly sources: string;
}

/**
 * What dnf and zypper do each in its own way: they know sources, choose packages, fetch and verify them, and keep holds and
 * marks. The transaction itself is rpm's, for both: one, whole, checked before it begins, and it asks no source and no hold.
 */
export interface RpmFamily {
  /** Services that timers start, and that change packages. */
  readonly updateUnits: readonly string[];
  /** What a person does about packages that are installed twice. */
  readonly repair: string;
  /** Where it keeps what it fetched. */
  readonly caches: readonly string[];

  /** Why Farrier cannot work with what is on this host; null where it can. */
  refuse(call: PackageCall): Promise<StepFailure | null>;

  refresh(scratch: ScratchRoot, call: PackageCall): Promise<ProgramResult>;

  /** All that the sources have of it, newest first. */
  versionsOf(scratch: ScratchRoot, name: PackageName, call: PackageCall): Promise<readonly string[]>;

  /** Downloads and verifies these and all that they need beyond what is there, whatever would have to be removed for it. */
  download(scratch: ScratchRoot, install: readonly PackageVersion[], into: string, call: PackageCall): Promise<ProgramResult>;

  /** Downloads and verifies one that is installed in this version. */
  downloadAgain(scratch: ScratchRoot, one: PackageVersion, into: string, call: PackageCall): Promise<ProgramResult>;

  held(packages: readonly InstalledRpm[]): Promise<ReadonlySet<PackageName>>;

  /** Holds each, or does not, in the version that is installed now. Idempotent. */
  setHolds(packages: readonly (InstalledRpm & Pick<PackageState, 'hold'>)[]): Promise<void>;

  /** Those that are installed only because something depends on them. */
  auto(names: readonly PackageName[], call: PackageCall): Promise<ReadonlySet<PackageName>>;

  /** Only for installed packages. */
  setAuto(names: readonly PackageName[], auto: boolean, call: PackageCall): Promise<ProgramResult>;

  /** Forgets what it noted of packages that are gone. */
  forget(names: readonly PackageName[]): Promise<void>;
}
