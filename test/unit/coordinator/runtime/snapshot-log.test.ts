import { expect, test } from 'vitest';

import { Deposed } from '../../../../coordinator/runtime/deposed.ts';
import { SnapshotLog } from '../../../../coordinator/runtime/snapshot-log.ts';
import { exampleSnapshot } from '../../../support/example-snapshot.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { memoryDisk, memoryStore } from '../../../support/memory-store.ts';

const reported = (id: string) => ({ type: 'reported', node: 'cp-1', records: [exampleSnapshot({ id, copies: [] })], gone: [] }) as const;

test.each(['north', '', 'Ställe 7/x', 'hex.6e', 'a.b'])('a cluster that is called %j is found again under that name, and under no other', async (cluster) => {
  const disk = memoryDisk();
  const log = await SnapshotLog.open(memoryStore({ disk }), manualClock());
  await log.append(cluster, () => [reported('s1')]);
  const again = await SnapshotLog.open(memoryStore({ disk }), manualClock());
  expect([again.clusters, again.of(cluster)]).toEqual([[cluster], log.of(cluster)]);
  expect(again.of(`${cluster}x`).snapshots).toEqual([]);
});

test('changes of one cluster follow one another, each decided on what is known then', async () => {
  const log = await SnapshotLog.open(memoryStore(), manualClock());
  const seen: number[] = [];
  await Promise.all([1, 2, 3].map(async (count) => await log.append('north', ({ snapshots }) => (seen.push(snapshots.length), [reported(`s${count}`)]))));
  expect([seen, log.of('north').sequence]).toEqual([[0, 1, 2], 3]);
  await log.append('north', () => []);
  expect(log.of('north').sequence).toBe(3);
});

test('whoever comes second leads no more, and an event that is illegal is never durable', async () => {
  const disk = memoryDisk();
  const [first, second] = [await SnapshotLog.open(memoryStore({ disk }), manualClock()), await SnapshotLog.open(memoryStore({ disk }), manualClock())];
  await first.append('north', () => [reported('s1')]);
  await expect(second.append('north', () => [reported('s2')])).rejects.toThrow(Deposed);
  await expect(first.append('north', () => [{ type: 'copied', node: 'cp-1', id: 'nobody', copy: { kind: 'coordinator' } }])).rejects.toThrow('has no snapshot nobody');
  expect((await SnapshotLog.open(memoryStore({ disk }), manualClock())).of('north')).toEqual(first.of('north'));
});
