import type { StepBase } from '../step-base.ts';

/** Brings files to exact content, mode and owner. */
export interface FilesSpec extends StepBase {
  readonly kind: 'files';
  /** No path twice. */
  readonly files: readonly ManagedFile[];
  readonly onDrift: DriftPolicy;
}

export type ManagedFile =
  | {
      readonly path: string;
      readonly state: 'present';
      /** Any bytes, as a spec is plain JSON. */
      readonly contentBase64: string;
      /** Permission bits alone. */
      readonly mode: number;
      /** Names, resolved on the host. */
      readonly owner: string;
      readonly group: string;
    }
  | { readonly path: string; readonly state: 'absent' };

/** What is done about a file that somebody changed after Farrier wrote it. */
export type DriftPolicy = 'refuse' | 'overwrite';
