import type { PackageVersion, PackagesSpec } from '../../shared/domain/step-spec.ts';
import type { StepFailure, StepResult } from '../steps/step.ts';

/** As the package system names it: `name`, or `name:arch` where the architecture is not the host's own. */
export type PackageName = string;

export interface PackageState {
  readonly name: PackageName;
  /** broken: unpacked, half-configured, half-installed, or waiting for triggers. */
  readonly state: 'installed' | 'absent' | 'config-files' | 'broken';
  /** Null where nothing of it is installed. */
  readonly version: string | null;
  readonly hold: boolean;
  /** Installed only because something depends on it. */
  readonly auto: boolean;
}

/** One package that a transaction changes; `from` null: it is not installed now. */
export interface PackageChange {
  readonly name: PackageName;
  readonly from: string | null;
  readonly to: string;
}

export interface Resolution {
  readonly ok: true;
  readonly changes: readonly PackageChange[];
  /** What would have to be removed. */
  readonly removals: readonly PackageName[];
}

/** A package file; `path` is absolute. */
export interface PackageFile {
  readonly name: PackageName;
  readonly version: string;
  readonly path: string;
  readonly installedBytes: number;
  /** Absolute paths of the configuration files that it brings. */
  readonly conffiles: readonly string[];
}

/** `digest` is of what the package brought, whatever lies there now: `md5:…`, `sha256:…`. */
export interface DistributedConffile {
  readonly path: string;
  readonly digest: string;
}

/** What a package system appends to the name of a configuration file that a person and a package both changed. */
export interface ConffileSuffixes {
  /** The person's, where the package's took its place. */
  readonly persons: string;
  /** The package's, where the person's stays. */
  readonly packages: string;
  /** In the middle of its work. */
  readonly others: readonly string[];
}

export interface RemovalLook {
  readonly ok: true;
  /** All that would go: those asked for and whatever needs them. */
  readonly removals: readonly PackageName[];
  /** Installed for their sake alone: stay, until something cleans up. */
  readonly orphans: readonly PackageName[];
}

export type FileResult = { readonly ok: true; readonly file: PackageFile } | StepFailure;

export interface PutBack {
  readonly files: readonly PackageFile[];
  /** Was not there before: goes with its configuration files. */
  readonly purge: readonly PackageName[];
  /** Only its configuration files were there before. */
  readonly remove: readonly PackageName[];
}

/** Where its output goes and when to stop. */
export interface PackageCall {
  readonly signal: AbortSignal;
  readonly output: (text: string) => void;
}

/** A source that an admin put on this host, and why a plan could not use it. */
export interface SourceState {
  readonly name: string;
  readonly problem: string | null;
}

/** Package sources, refreshed; nothing but them was looked at. Closing removes what was kept of them. */
export interface OpenSources {
  /** Simulates one transaction: everything that it would change, dependencies too, on this host with `assumed` installed on it. */
  resolve(install: readonly PackageVersion[], assumed: readonly PackageFile[], call: PackageCall): Promise<Resolution | StepFailure>;
  /** Downloads and verifies exactly this version; version-not-found where no source has it. */
  fetch(name: PackageName, version: string, intoFolder: string, call: PackageCall): Promise<FileResult>;
  close(): Promise<void>;
}

/**
 * The host's packages. A complete in-memory one and the real ones for apt, dnf and zypper pass the same cases
 * (test/support/package-system-cases.ts). Operating errors are failures; it rejects when the signal fires.
 */
export interface PackageSystem {
  readonly conffileSuffixes: ConffileSuffixes;

  /** What a person does about packages that are half-installed. */
  readonly repair: string;

  /** Every source of this host, judged as `openSources` judges its files; nothing is changed, and nobody is asked. */
  sources(): Promise<readonly SourceState[]>;

  /** Sources are named files that an admin wrote. */
  openSources(names: readonly string[], call: PackageCall): Promise<{ readonly ok: true; readonly sources: OpenSources } | StepFailure>;

  /** Runs `work` while nothing that the host starts by itself changes packages; what runs already is waited for, and named where it does not end. */
  exclusively<T>(work: () => Promise<T>, call: PackageCall & { /** The step's own, on disk. */ readonly folder: string }): Promise<T | StepFailure>;

  /** In the order asked; what the package system does not know is `absent`. */
  status(names: readonly PackageName[], call: PackageCall): Promise<readonly PackageState[]>;

  /** Every package of the host that is broken. */
  broken(call: PackageCall): Promise<readonly PackageName[]>;

  /**
   * Does a transaction that was cut off once more, from the first file to the last maintainer script, whatever the package
   * system believes to be done: its own database outlives a power cut, what scripts wrote may not.
   */
  repeat(files: readonly PackageFile[], conffiles: PackagesSpec['conffiles'], call: PackageCall): Promise<StepResult>;

  /** The installed version as a file: from what the host has cached, else packed again from the installed files. */
  keepInstalled(name: PackageName, version: string, intoFolder: string, call: PackageCall): Promise<FileResult>;

  /** Configuration files of an installed package. */
  conffilesOf(name: PackageName, call: PackageCall): Promise<readonly DistributedConffile[]>;

  /** What a package file brings at `path`; null where it brings no plain file there. */
  conffileIn(file: PackageFile, path: string, call: PackageCall): Promise<Buffer | null>;

  /**
   * One transaction over files and nothing else: no network, downgrades and held packages allowed, nothing removed. Where a
   * package system cannot be told what to do with configuration files, the step sets them right afterwards.
   */
  install(files: readonly PackageFile[], conffiles: PackagesSpec['conffiles'], call: PackageCall): Promise<StepResult>;

  /** Brings files back and takes `purge` and `remove` away, whatever state anything is in, broken maintainer scripts included. */
  putBack(want: PutBack, call: PackageCall): Promise<StepResult>;

  /** Reads only; none of none. */
  lookAtRemoval(names: readonly PackageName[], call: PackageCall): Promise<RemovalLook | StepFailure>;

  /** Takes away exactly these, or nothing; their configuration files stay. Idempotent. */
  remove(names: readonly PackageName[], call: PackageCall): Promise<StepResult>;

  /** Only for installed packages. */
  mark(states: readonly Pick<PackageState, 'name' | 'hold' | 'auto'>[], call: PackageCall): Promise<StepResult>;
}
