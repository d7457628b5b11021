import { createHash } from 'node:crypto';

import type { NodeName } from '../../../shared/domain/ids.ts';
import { nextSnapshotUnixMs, type SnapshotSchedule } from '../../../shared/schedule/next-snapshot.ts';
import type { SnapshotOutcome } from './outcomes.ts';

/** etcd is often late after a boot. */
const RETRY_FIRST_MS = 60_000;
const RETRY_MOST_MS = 15 * 60_000;

/**
 * When this host takes its next snapshot; past where one is due. One that was missed while the host was off is due at once, and
 * only once, however many were. What failed is tried again soon, and less and less often. A clock that went back delays nothing.
 *
 * @param outcomes the newest first
 */
export function nextTakingUnixMs(schedule: SnapshotSchedule, node: NodeName, outcomes: readonly SnapshotOutcome[], nowUnixMs: number): number {
  const takings = outcomes.filter(({ kind }) => kind === 'take');
  const firstGood = takings.findIndex(({ snapshot }) => snapshot !== null);
  const [last, good] = [takings[0], takings[firstGood]];
  const dueUnixMs = good === undefined ? 0 : nextSnapshotUnixMs(schedule, shareOf(node), Math.min(good.startedUnixMs, nowUnixMs));
  const failures = good === undefined ? takings.length : firstGood;
  if (failures === 0 || last === undefined) return dueUnixMs;
  return Math.max(dueUnixMs, Math.min(last.startedUnixMs, nowUnixMs) + Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** (failures - 1)));
}

/** The members of one cluster begin at different times, each always at its own. */
function shareOf(node: NodeName): number {
  return createHash('sha256').update(node).digest().readUInt32BE() / 2 ** 32;
}
