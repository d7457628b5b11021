/** The two calls that make bytes survive a power cut. A port, so that a proof can run without them and must fail. */
export interface DurableFiles {
  /** Content and length of an open file. */
  syncFile(descriptor: number): void;
  /** New names and renames in a folder. */
  syncFolder(path: string): void;
}
