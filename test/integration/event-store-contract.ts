import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { EventStore } from '../../coordinator/ports/event-store.ts';
import { numbered, revisionOf, sequences } from './event-store-harness.ts';
import type { EventStoreHarness, StoreUnderTest } from './event-store-harness.ts';
import { describeRecords } from './event-store-records.ts';
import { describeSnapshotLog } from './event-store-snapshots.ts';
import { describeStreams } from './event-store-streams.ts';

/**
 * The contract of coordinator/ports/event-store.ts. The fake and every adapter pass all of it.
 * @param coordinators `many` may have the store open at once, or `one` and the others are told `store-locked`.
 */
export function describeEventStore(name: string, coordinators: 'one' | 'many', prepare: () => Promise<EventStoreHarness>): void {
  describe(`event store: ${name}`, () => {
    let harness: EventStoreHarness;
    let store: EventStore;
    beforeEach(async () => {
      harness = await prepare();
      store = await harness.open();
    });
    afterEach(async () => {
      await store.close();
      await harness.dispose();
    });
    const at: StoreUnderTest = {
      get harness() {
        return harness;
      },
      get store() {
        return store;
      },
      async reopen() {
        await store.close();
        store = await harness.open();
      },
    };

    describeStreams(at);
    describeRecords(at);
    describeSnapshotLog(at);

    describe('closed and opened again', () => {
      test('it holds everything that was promised', async () => {
        const promised = [at.store.append('ledger', 0, numbered(3)), at.store.putRecord('policy', { v: 1 }, 0), at.store.acquireLease('leader', 'a', at.harness.leaseTtlMs)] as const;
        const [, put] = await Promise.all(promised);
        await at.reopen();
        expect(sequences(await at.store.read('ledger', 0))).toEqual([1, 2, 3]);
        expect(await at.store.append('ledger', 0, [{}])).toEqual({ ok: false, actualSequence: 3 });
        expect(await at.store.append('ledger', 3, [{}])).toEqual({ ok: true, sequence: 4 });
        expect(await at.store.getRecord('policy')).toEqual({ key: 'policy', value: { v: 1 }, revision: revisionOf(put) });
        expect(await at.store.acquireLease('leader', 'b', at.harness.leaseTtlMs)).toBeNull();
        expect(await at.store.acquireLease('leader', 'a', at.harness.leaseTtlMs)).not.toBeNull();
      });

      test('it has finished what was begun before close', async () => {
        const big = 'x'.repeat(20_000);
        const begun = Array.from({ length: 40 }, (_, n) => [store.append(`node/n${n}`, 0, [{ big }]), store.putRecord(`node/n${n}`, { big }, 0)] as const).flat();
        await at.reopen();
        for (const result of await Promise.all(begun)) expect(result.ok).toBe(true);
        expect(await at.store.streams('node/')).toHaveLength(40);
        expect(await at.store.listRecords('node/')).toHaveLength(40);
      });

      test('it answers a call after close with store-closed, and closes twice', async () => {
        await at.store.close();
        await at.store.close();
        await expect(at.store.append('ledger', 0, [{}])).rejects.toMatchObject({ code: 'store-closed' });
        await expect(at.store.getRecord('policy')).rejects.toMatchObject({ code: 'store-closed' });
      });
    });

    if (coordinators === 'one') test('a second coordinator is refused, and the first goes on', async () => {
      await at.store.append('ledger', 0, numbered(2));
      await expect(at.harness.openAnother()).rejects.toMatchObject({ code: 'store-locked' });
      expect(await at.store.append('ledger', 2, numbered(1))).toEqual({ ok: true, sequence: 3 });
      await at.reopen();
      expect(await at.store.read('ledger', 0)).toHaveLength(3);
    });
    else test('a second coordinator sees and is refused as if it were the first', async () => {
      const other = await at.harness.openAnother();
      try {
        await at.store.append('ledger', 0, numbered(2));
        expect(await other.append('ledger', 0, [{}])).toEqual({ ok: false, actualSequence: 2 });
        expect(await other.append('ledger', 2, [{}])).toEqual({ ok: true, sequence: 3 });
        expect(await at.store.append('ledger', 2, [{}])).toEqual({ ok: false, actualSequence: 3 });
        expect(await at.store.append('ledger', 3, [{}])).toEqual({ ok: true, sequence: 4 });
        expect(sequences(await other.read('ledger', 0))).toEqual([1, 2, 3, 4]);
        const revision = revisionOf(await at.store.putRecord('policy', { v: 1 }, 0));
        expect(await other.putRecord('policy', { v: 2 }, 0)).toEqual({ ok: false, actualRevision: revision });
        await at.store.acquireLease('leader', 'a', at.harness.leaseTtlMs);
        expect(await other.acquireLease('leader', 'b', at.harness.leaseTtlMs)).toBeNull();
      } finally {
        await other.close();
      }
    });
  });
}
