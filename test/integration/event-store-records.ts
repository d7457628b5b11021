import { describe, expect, test } from 'vitest';

import { revisionOf } from './event-store-harness.ts';
import type { StoreUnderTest } from './event-store-harness.ts';

/** Records and leases. */
export function describeRecords(at: StoreUnderTest): void {
  describe('records', () => {
    test('change only from the revision that the caller has seen', async () => {
      expect(await at.store.getRecord('policy')).toBeNull();
      expect(await at.store.putRecord('policy', { v: 0 }, 7)).toEqual({ ok: false, actualRevision: 0 });
      const first = revisionOf(await at.store.putRecord('policy', { v: 1 }, 0));
      expect(await at.store.putRecord('policy', { v: 'late' }, 0)).toEqual({ ok: false, actualRevision: first });
      const second = revisionOf(await at.store.putRecord('policy', { v: 2 }, first));
      expect(second).toBeGreaterThan(first);
      expect(await at.store.putRecord('policy', { v: 'stale' }, first)).toEqual({ ok: false, actualRevision: second });
      expect(await at.store.getRecord('policy')).toEqual({ key: 'policy', value: { v: 2 }, revision: second });
    });

    test('let exactly one of twenty at once win', async () => {
      const results = await Promise.all(Array.from({ length: 20 }, (_, n) => at.store.putRecord('policy', { n }, 0)));
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
    });

    test('are deleted by revision and never get an old revision back', async () => {
      const first = revisionOf(await at.store.putRecord('token/a', { v: 1 }, 0));
      expect(await at.store.deleteRecord('token/a', first + 1)).toEqual({ ok: false, actualRevision: first });
      expect((await at.store.deleteRecord('token/a', first)).ok).toBe(true);
      expect(await at.store.getRecord('token/a')).toBeNull();
      expect(await at.store.listRecords('token/')).toEqual([]);
      expect(await at.store.deleteRecord('token/a', first)).toEqual({ ok: false, actualRevision: 0 });
      const again = revisionOf(await at.store.putRecord('token/a', { v: 2 }, 0));
      expect(again).toBeGreaterThan(first);
      expect(await at.store.putRecord('token/a', { v: 'stale' }, first)).toEqual({ ok: false, actualRevision: again });
    });

    test('are listed by prefix, sorted, with what they hold', async () => {
      for (const key of ['token/b', 'token/a.b', 'token/a', 'tokens', 'policy']) await at.store.putRecord(key, { key, big: 'y'.repeat(1000) }, 0);
      const listed = await at.store.listRecords('token/');
      expect(listed.map(({ key }) => key)).toEqual(['token/a', 'token/a.b', 'token/b']);
      for (const { key, value, revision } of listed) expect([value, revision]).toEqual([{ key, big: 'y'.repeat(1000) }, (await at.store.getRecord(key))?.revision]);
      expect((await at.store.listRecords('')).map(({ key }) => key)).toEqual(['policy', 'token/a', 'token/a.b', 'token/b', 'tokens']);
      expect(await at.store.streams('')).toEqual([]);
    });
  });

  describe('leases', () => {
    test('belong to one holder, who extends; others get one when it ran out', async () => {
      const ttlMs = at.harness.leaseTtlMs;
      expect(await at.store.acquireLease('leader', 'a', ttlMs)).toEqual({ holder: 'a', expiresInMs: ttlMs });
      expect(await at.store.acquireLease('leader', 'b', ttlMs)).toBeNull();
      expect(await at.store.acquireLease('gateway', 'b', ttlMs)).toEqual({ holder: 'b', expiresInMs: ttlMs });
      await at.harness.pass(ttlMs * 0.6);
      expect(await at.store.acquireLease('leader', 'a', ttlMs)).not.toBeNull();
      await at.harness.pass(ttlMs * 0.6);
      expect(await at.store.acquireLease('leader', 'b', ttlMs)).toBeNull();
      await at.harness.pass(ttlMs);
      expect(await at.store.acquireLease('leader', 'b', ttlMs)).toEqual({ holder: 'b', expiresInMs: ttlMs });
      expect(await at.store.acquireLease('leader', 'a', ttlMs)).toBeNull();
    });

    test('go to exactly one of twenty who ask at once', async () => {
      const asked = Array.from({ length: 20 }, (_, n) => at.store.acquireLease('leader', `c${n}`, at.harness.leaseTtlMs));
      expect((await Promise.all(asked)).filter((lease) => lease !== null)).toHaveLength(1);
    });

    test('are released by their holder only', async () => {
      await at.store.acquireLease('leader', 'a', at.harness.leaseTtlMs);
      await at.store.releaseLease('leader', 'b');
      expect(await at.store.acquireLease('leader', 'b', at.harness.leaseTtlMs)).toBeNull();
      await at.store.releaseLease('leader', 'a');
      await at.store.releaseLease('leader', 'a');
      expect(await at.store.acquireLease('leader', 'b', at.harness.leaseTtlMs)).not.toBeNull();
    });
  });
}
