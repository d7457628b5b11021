/** How far a walk is, in pages. More walks than one are counted as they become necessary. */
export interface WalkProgress {
  readonly pages: number;
  readonly of: number;
}
