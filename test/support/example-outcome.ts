import type { SnapshotOutcome } from '../../agent/snapshots/work/outcomes.ts';

/** A taking that went well. */
export function exampleOutcome(changes: Partial<SnapshotOutcome> = {}): SnapshotOutcome {
  const startedUnixMs = changes.startedUnixMs ?? 1_790_000_000_000;
  return { work: `at-${startedUnixMs}`, kind: 'take', by: 'schedule', startedUnixMs, endedUnixMs: startedUnixMs + 1_000, code: 'ok', message: 'snapshot f00d of 20 MB, sealed in 9 MB', snapshot: 'f00d', proof: null, each: [], ...changes };
}
