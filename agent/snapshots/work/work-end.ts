import type { SnapshotOutcome } from './outcomes.ts';

/** What is told of work that was done. */
export type WorkEnd = Pick<SnapshotOutcome, 'code' | 'message'> & Partial<Pick<SnapshotOutcome, 'snapshot' | 'proof' | 'each'>>;
