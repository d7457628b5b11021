import { describe, expect, test } from 'vitest';

import { numbered, sequences } from './event-store-harness.ts';
import type { StoreUnderTest } from './event-store-harness.ts';

/** Streams: append, read. */
export function describeStreams(at: StoreUnderTest): void {
  describe('append', () => {
    test('counts 1, 2, 3 without holes over several appends', async () => {
      expect(await at.store.append('ledger', 0, [{ n: 1 }, { n: 2 }])).toEqual({ ok: true, sequence: 2 });
      expect(await at.store.append('ledger', 2, [{ n: 3 }])).toEqual({ ok: true, sequence: 3 });
      expect(await at.store.read('ledger', 0)).toEqual([
        { sequence: 1, event: { n: 1 } },
        { sequence: 2, event: { n: 2 } },
        { sequence: 3, event: { n: 3 } },
      ]);
    });

    test.each([
      { stored: 0, expected: 1 },
      { stored: 2, expected: 0 },
      { stored: 2, expected: 1 },
      { stored: 2, expected: 3 },
    ])('refuses all of it with $stored stored and $expected expected', async ({ stored, expected }) => {
      await at.store.append('ledger', 0, numbered(stored));
      expect(await at.store.append('ledger', expected, [{ n: 'a' }, { n: 'b' }])).toEqual({ ok: false, actualSequence: stored });
      expect(await at.store.read('ledger', 0)).toHaveLength(stored);
      expect(await at.store.append('ledger', stored, [{ n: 'c' }])).toEqual({ ok: true, sequence: stored + 1 });
    });

    test('of nothing checks the sequence and makes no stream', async () => {
      expect(await at.store.append('ledger', 0, [])).toEqual({ ok: true, sequence: 0 });
      expect(await at.store.append('ledger', 4, [])).toEqual({ ok: false, actualSequence: 0 });
      expect(await at.store.streams('')).toEqual([]);
    });

    test('of twenty at once lets exactly one win, and the others learn where the stream is', async () => {
      const results = await Promise.all(Array.from({ length: 20 }, (_, n) => at.store.append('ledger', 0, [{ n, part: 1 }, { n, part: 2 }])));
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      for (const result of results) expect(result.ok ? result.sequence : result.actualSequence).toBe(2);
      const [first, second, ...rest] = (await at.store.read('ledger', 0)).map(({ event }) => event as { n: number; part: number });
      expect([first?.part, second?.part, rest]).toEqual([1, 2, []]);
      expect(first?.n).toBe(second?.n);
    });

    test('keeps streams apart', async () => {
      await Promise.all(Array.from({ length: 20 }, (_, n) => at.store.append(`node/n${n}`, 0, [{ n }])));
      for (let n = 0; n < 20; n += 1) expect(await at.store.read(`node/n${n}`, 0)).toEqual([{ sequence: 1, event: { n } }]);
    });

    test('gives back what JSON gives back, known fields or not, and no object of the caller', async () => {
      const event = { kind: 'of a later version', nested: { list: [1, null, 'ä\u0000\u2028"\\'], big: 2 ** 53 - 1 }, '': '' };
      const copy = structuredClone(event);
      await at.store.append('ledger', 0, [event]);
      event.nested.list.length = 0;
      expect((await at.store.read('ledger', 0))[0]?.event).toEqual(copy);
    });

    test('takes events of 200 KB, several in one append', async () => {
      const big = 'x'.repeat(200 * 1024);
      expect(await at.store.append('ledger', 0, [{ big }, { big: `${big}2` }, { n: 3 }])).toEqual({ ok: true, sequence: 3 });
      const sizes = (await at.store.read('ledger', 0)).map(({ event }) => (event as { big?: string }).big?.length ?? 0);
      expect(sizes).toEqual([204_800, 204_801, 0]);
    });

    test('rejects names that are none', async () => {
      for (const bad of ['', 'Ledger', 'a//b', '/a', 'a/', 'a b', 'a*', 'ä']) await expect(at.store.append(bad, 0, [{}])).rejects.toThrow(TypeError);
    });
  });

  describe('read', () => {
    test('starts after a sequence and stops at a limit', async () => {
      await at.store.append('ledger', 0, numbered(5));
      await at.store.append('ledger', 5, numbered(5, 6));
      expect(sequences(await at.store.read('ledger', 3, 4))).toEqual([4, 5, 6, 7]);
      expect(sequences(await at.store.read('ledger', 9))).toEqual([10]);
      expect(await at.store.read('ledger', 10)).toEqual([]);
      expect(await at.store.read('ledger', 99)).toEqual([]);
      expect(await at.store.read('nothing', 0)).toEqual([]);
    });

    test('goes through more than 10,000 events in pages', async () => {
      for (let from = 0; from < 10_200; from += 300) await at.store.append('ledger', from, numbered(300, from + 1));
      const first = await at.store.read('ledger', 0);
      expect(first).toHaveLength(10_000);
      const all = [...first, ...(await at.store.read('ledger', 10_000))];
      expect(all).toHaveLength(10_200);
      for (const [index, { sequence, event }] of all.entries()) expect([sequence, event]).toEqual([index + 1, { n: index + 1 }]);
    });

    test('lists the streams that begin with a prefix, sorted', async () => {
      for (const stream of ['node/b', 'node/a.example', 'node/a', 'node-x', 'ledger', 'node_x']) await at.store.append(stream, 0, [{}]);
      expect(await at.store.streams('node/')).toEqual(['node/a', 'node/a.example', 'node/b']);
      expect(await at.store.streams('node/a')).toEqual(['node/a', 'node/a.example']);
      expect(await at.store.streams('node_')).toEqual(['node_x']);
      expect(await at.store.streams('')).toEqual(['ledger', 'node-x', 'node/a', 'node/a.example', 'node/b', 'node_x']);
      expect(await at.store.streams('rollout/')).toEqual([]);
    });
  });
}
