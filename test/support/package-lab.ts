import type { PackageSystem } from '../../agent/ports/package-system.ts';

/** A package that a lab publishes. */
export interface LabPackage {
  readonly name: string;
  readonly version: string;
  readonly depends?: string;
  readonly conflicts?: string;
  /** Content of its one configuration file; none where not given. */
  readonly conffile?: string;
  /** Maintainer scripts that fail. */
  readonly broken?: readonly ('postinst' | 'prerm' | 'postrm' | 'preinst')[];
}

/** A host with packages, real or in memory, as the cases need it. One lab a case; names never meet those of another lab. */
export interface PackageLab {
  readonly system: PackageSystem;
  /** Into the source named `lab`, whose whole content this is from now on. */
  publish(packages: readonly LabPackage[]): Promise<void>;
  /** As a person would have, before Farrier came. */
  installed(spec: LabPackage): Promise<void>;
  hold(name: string): Promise<void>;
  /** Where the package's configuration file lies. */
  conffilePath(name: string): string;
  /** What the package's program says of itself: `name version`; '' where it is not there. */
  runs(name: string): Promise<string>;
  /** As a power cut leaves it: unpacked, not configured. */
  unpacked(spec: LabPackage): Promise<void>;
  /** As a kill of dpkg leaves it: in the middle of its files, to be unpacked again before it can be configured. */
  cutOff(spec: LabPackage): Promise<void>;
  /** Another process has the package system. @returns how to let go. */
  occupied(): Promise<() => Promise<void>>;
  /** Empty and new. */
  folder(): Promise<string>;
}

export interface PackageCase {
  readonly name: string;
  readonly run: (lab: PackageLab) => Promise<void>;
}
