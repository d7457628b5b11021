/** A file by its content: what a step needs on a host, and all that a host believes about it. */
export interface ArtifactRef {
  /** Lower-case hex. */
  readonly sha256: string;
  /** In bytes, from 1 on. */
  readonly size: number;
}
