import { CLOCK_BACK_MAX_MS, type SnapshotRecord } from '../../shared/domain/snapshot.ts';

/** What a cluster loses by going back to a snapshot. */
export interface RestoreLoss {
  /** Up to: nobody knows when the last write was. In whole minutes, as a person types it back. */
  readonly text: string;
  /** Null where no newer look is known. */
  readonly revisions: number | null;
}

/** One of the clocks is wrong: `0m` would be the least that it can be. */
const UNKNOWN = 'unknown time';
const MINUTE_MS = 60_000;
/** A person reads, thinks and types meanwhile. */
const TYPED_WITHIN_MINUTES = 10;

export function restoreLoss({ takenUnixMs, revision }: Pick<SnapshotRecord, 'takenUnixMs' | 'revision'>, newestRevision: number | null, nowUnixMs: number): RestoreLoss {
  return { text: lostText(takenUnixMs, nowUnixMs, 0), revisions: newestRevision === null ? null : Math.max(0, newestRevision - revision) };
}

/** Whether it is what a person was shown within the last minutes. */
export function isTypedBack(typed: string, { takenUnixMs }: Pick<SnapshotRecord, 'takenUnixMs'>, nowUnixMs: number): boolean {
  const wanted = typed.trim().replace(/\s+/g, ' ');
  for (let back = 0; back <= Math.min(TYPED_WITHIN_MINUTES, minutesSince(takenUnixMs, nowUnixMs)); back += 1) if (wanted === lostText(takenUnixMs, nowUnixMs, back)) return true;
  return false;
}

/** @param back so many minutes before now */
function lostText(takenUnixMs: number, nowUnixMs: number, back: number): string {
  return takenUnixMs > nowUnixMs + CLOCK_BACK_MAX_MS ? UNKNOWN : durationText(minutesSince(takenUnixMs, nowUnixMs) - back);
}

/** Rounded up: the fail direction is to tell more. */
function minutesSince(takenUnixMs: number, nowUnixMs: number): number {
  return Math.ceil(Math.max(0, nowUnixMs - takenUnixMs) / MINUTE_MS);
}

/** `3d 2h 13m`; `0m` for nothing. */
function durationText(minutes: number): string {
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24, minutes % 60];
  return [days > 0 ? `${days}d` : '', days > 0 || hours > 0 ? `${hours}h` : '', `${rest}m`].filter((part) => part !== '').join(' ');
}
