import type { SnapshotWork } from '../snapshots/work/snapshot-work.ts';

/** Work on snapshots runs here, outside the agent. One at a time. */
export interface SnapshotUnits {
  /**
   * Returns when it runs; whoever wants to know how it ended looks at its outcome.
   *
   * @returns '' where it was started, `running` where another one runs, else what systemd said
   */
  start(work: SnapshotWork): Promise<string>;
  isRunning(): Promise<boolean>;
}
