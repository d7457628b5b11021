import { describe, expect, test } from 'vitest';

import { emptySnapshots } from '../../coordinator/core/cluster-snapshots.ts';
import type { SnapshotCheckpoint } from '../../coordinator/core/snapshot-checkpoint.ts';
import type { EventStore } from '../../coordinator/ports/event-store.ts';
import { Deposed } from '../../coordinator/runtime/deposed.ts';
import { CHECKPOINT_EVERY_EVENTS, SnapshotLog } from '../../coordinator/runtime/snapshot-log.ts';
import { exampleProofRecord } from '../support/example-proof-record.ts';
import { exampleSnapshot } from '../support/example-snapshot.ts';
import { manualClock } from '../support/manual-clock.ts';
import type { StoreUnderTest } from './event-store-harness.ts';

const reported = (id: string) => ({ type: 'reported', node: 'cp-1', records: [exampleSnapshot({ id, copies: [] })], gone: [] }) as const;
const orders = (count: number) => Array.from({ length: count }, (_, nth) => ({ type: 'proof-ordered', command: nth.toString(16).padStart(16, '0'), prover: 'w-1', digest: null }) as const);

const open = (store: EventStore): Promise<SnapshotLog> => SnapshotLog.open(store, manualClock());

/** A log of one snapshot, proved, and of more orders than are read at a start. */
async function longLog(store: EventStore): Promise<SnapshotLog> {
  const log = await open(store);
  const proof = exampleProofRecord();
  await log.append('north', () => [reported('s1')]);
  await log.append('north', ({ snapshots }) => [{ type: 'proved', command: '0'.repeat(16), proof: { ...proof, snapshot: { ...proof.snapshot, digest: snapshots[0]?.record.plain.digest ?? '' } }, envelope: '' }]);
  await log.append('north', () => orders(CHECKPOINT_EVERY_EVENTS));
  await log.append('north', () => [reported('s2')]);
  return log;
}

/** How many events are read from it. */
function counted(store: EventStore): { readonly store: EventStore; readonly events: () => number } {
  let events = 0;
  const read: EventStore['read'] = async (stream, after, limit) => {
    const found = await store.read(stream, after, limit);
    events += found.length;
    return found;
  };
  return { store: new Proxy(store, { get: (_, name) => (name === 'read' ? read : Reflect.get(store, name).bind(store)) }), events: () => events };
}

/** The logs of clusters' snapshots. */
export function describeSnapshotLog(at: StoreUnderTest): void {
  describe('logs of snapshots', () => {
    test.each(['north', '', 'Ställe 7/x', 'hex.6e', 'a.b'])('a cluster that is called %j is found again under that name, and under no other', async (cluster) => {
      const log = await open(at.store);
      await log.append(cluster, () => [reported('s1')]);
      await at.reopen();
      const again = await open(at.store);
      expect([again.clusters, again.of(cluster)]).toEqual([[cluster], log.of(cluster)]);
      expect(again.of(`${cluster}x`).snapshots).toEqual([]);
    });

    test('changes of one cluster follow one another, each decided on what is known then', async () => {
      const log = await open(at.store);
      const seen: number[] = [];
      await Promise.all([1, 2, 3].map(async (count) => await log.append('north', ({ snapshots }) => (seen.push(snapshots.length), [reported(`s${count}`)]))));
      expect([seen, log.of('north').sequence]).toEqual([[0, 1, 2], 3]);
      await log.append('north', () => []);
      expect(log.of('north').sequence).toBe(3);
    });

    test('whoever comes second leads no more, and an event that is illegal is never durable', async () => {
      const [first, second] = [await open(at.store), await open(at.store)];
      await first.append('north', () => [reported('s1')]);
      await expect(second.append('north', () => [reported('s2')])).rejects.toThrow(Deposed);
      await expect(first.append('north', () => [{ type: 'copied', node: 'cp-1', id: 'nobody', copy: { kind: 'coordinator' } }])).rejects.toThrow('has no snapshot nobody');
      expect((await open(at.store)).of('north')).toEqual(first.of('north'));
    });

    test('of a long one only the end is read at a start, and nothing is missing', async () => {
      const log = await longLog(at.store);
      await at.reopen();
      const { store, events } = counted(at.store);
      const again = await open(store);
      expect(again.of('north')).toEqual(log.of('north'));
      expect([again.of('north').snapshots.length, again.of('north').proofs.size]).toEqual([2, 1]);
      expect(events()).toBeLessThan(5);
      await again.append('north', () => [reported('s3')]);
      expect((await open(at.store)).of('north')).toEqual(again.of('north'));
    });

    test.each<readonly [string, (checkpoint: SnapshotCheckpoint) => object]>([
      ['is of events that this log does not have', ({ state, ...rest }) => ({ ...rest, state: { ...state, sequence: state.sequence + 100 } })],
      ['ends with another event', ({ last, ...rest }) => ({ ...rest, last: { ...last, atUnixMs: 1 } })],
      ['is of a later version', (checkpoint) => ({ ...checkpoint, format: 2 })],
      ['makes no sense', () => ({})],
    ])('a checkpoint that %s counts for nothing', async (_what, other) => {
      const log = await longLog(at.store);
      const held = await at.store.getRecord('snapshots/north');
      expect(held).not.toBeNull();
      const checkpoint = held?.value as SnapshotCheckpoint;
      // One that is believed shows.
      const changed = { ...checkpoint, state: { ...checkpoint.state, snapshots: [] } };
      await at.store.putRecord('snapshots/north', other(changed), held?.revision ?? 0);
      expect((await open(at.store)).of('north')).toEqual(log.of('north'));
    });

    test('of a cluster without one all is read', async () => {
      expect((await open(at.store)).of('north')).toEqual(emptySnapshots('north'));
      const log = await open(at.store);
      await log.append('north', () => [reported('s1')]);
      expect(await at.store.getRecord('snapshots/north')).toBeNull();
      expect((await open(at.store)).of('north')).toEqual(log.of('north'));
    });
  });
}

