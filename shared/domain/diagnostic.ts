/** One problem in something a person wrote. A reader gets all of them at once. Lines and columns count from 1. */
export interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `spec.waves[0].select`; empty for the whole file. */
  readonly path: string;
  readonly code: string;
  /** Cause and remedy. */
  readonly message: string;
  readonly severity: 'error' | 'warning';
}
