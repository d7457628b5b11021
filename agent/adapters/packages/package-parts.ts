import type { RunProgram } from '../../ports/programs.ts';

/** What every package system is made of. */
export interface PackageParts {
  readonly run: RunProgram;
  /** Named package sources, as an admin wrote them. */
  readonly sourcesDir: string;
  /** For what is fetched, readable by apt's unprivileged user; 0755. */
  readonly cacheDir: string;
  /** So long another user of the package system is waited for. */
  readonly lockWaitMs: number;
}
