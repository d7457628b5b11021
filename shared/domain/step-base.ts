/** What every step carries, whatever its kind. */
export interface StepBase {
  /** Shown to people; unique within a sequence. */
  readonly name: string;
  /** Elapsed time after which one apply, verify or revert counts as failed. */
  readonly timeoutMs: number;
}
