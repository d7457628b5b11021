import type { JournalRecord, RecordKind } from '../../shared/domain/journal-record.ts';
import { labelOf } from './host-journal.ts';

/**
 * upgrade   sample 1.0 -> 2.0: fully new
 * rollback  back again as a rollout of its own: fully old
 * revert    sample 1.0 -> 3.0, which crashes, so that the host reverts by itself: fully old
 */
export type Path = 'upgrade' | 'rollback' | 'revert';

/** An instant between two lines of the journal: right before or right after one of them is written. */
export interface Boundary {
  readonly path: Path;
  readonly side: 'before' | 'after';
  readonly kind: RecordKind;
  readonly step: number;
  readonly label: string;
}

/** Both sides of every record that one assignment left on a host that nothing happened to. A slow host may get a second permit. */
export function boundariesOf(path: Path, records: readonly JournalRecord[]): readonly Boundary[] {
  const first = records.filter(({ kind, step }, index) => records.findIndex((other) => other.kind === kind && other.step === step) === index);
  return first.flatMap((record) => (['before', 'after'] as const).map((side) => ({ path, side, kind: record.kind, step: record.step, label: labelOf(record) })));
}

/** What the assignments of one path did first is what those of another did too: only what differs, from one record before. */
export function withoutPrefix(boundaries: readonly Boundary[], other: readonly Boundary[]): readonly Boundary[] {
  const same = boundaries.findIndex(({ label }, index) => label !== other[index]?.label);
  return boundaries.slice(Math.max(0, (same === -1 ? boundaries.length : same) - 2));
}
