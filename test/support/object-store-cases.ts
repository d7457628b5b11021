import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import type { ObjectSource, ObjectStore } from '../../coordinator/ports/object-store.ts';

export interface ObjectStoreCases {
  /** Nothing lies in it below the prefix of a test, which is another one each time. */
  readonly store: () => ObjectStore;
  /** False: parts of an object are neither put nor asked for, because this server gives other bytes back. */
  readonly inParts: boolean;
}

const never = new AbortController().signal;
const TEST_MAX_MS = 60_000;
/** Three parts, the last of them short. */
export const IN_PARTS_BYTES = 40_000_000;

/** What every object store has to hold. */
export function describeObjectStore(name: string, { store, inParts }: ObjectStoreCases): void {
  describe(`an object store: ${name}`, { timeout: TEST_MAX_MS }, () => {
    const prefixOf = (): string => `test-${randomBytes(8).toString('hex')}/`;

    test.each([0, 1, 70_000, ...(inParts ? [IN_PARTS_BYTES] : [])])('%i bytes are stored, told, listed, given back and deleted', async (sizeBytes) => {
      const prefix = prefixOf();
      const key = `${prefix}one.snapshot`;
      const bytes = randomBytes(sizeBytes);
      const source = sourceOf(bytes);
      expect(await store().head(key, never)).toEqual({ ok: true, value: null });
      expect(await store().put(key, source, never)).toEqual({ ok: true, value: { sizeBytes, digest: source.digest } });
      expect(await store().head(key, never)).toEqual({ ok: true, value: { sizeBytes, digest: source.digest } });
      expect(await store().list(prefix, never)).toEqual({ ok: true, value: [{ key, sizeBytes }] });
      expect((await bytesOf(store(), key, 0, sizeBytes)).equals(bytes)).toBe(true);
      expect(await store().delete(key, never)).toEqual({ ok: true, value: null });
      expect(await store().delete(key, never)).toEqual({ ok: true, value: null });
      expect(await store().head(key, never)).toEqual({ ok: true, value: null });
      expect(await store().list(prefix, never)).toEqual({ ok: true, value: [] });
      if (sizeBytes > 0) expect(await store().get(key, { from: 0, to: sizeBytes }, never)).toMatchObject({ ok: false, code: 'not-there' });
    });

    if (inParts) test('a part of it is given from any place', async () => {
      const key = `${prefixOf()}part`;
      const bytes = randomBytes(IN_PARTS_BYTES);
      expect(await store().put(key, sourceOf(bytes), never)).toMatchObject({ ok: true });
      const middle = Math.floor(bytes.length / 2);
      for (const [from, to] of [[0, 1], [middle - 5, middle + 100_000], [bytes.length - 1, bytes.length], [7, 7]] as const) {
        expect((await bytesOf(store(), key, from, to)).equals(bytes.subarray(from, to)), `${from} to ${to}`).toBe(true);
      }
    });

    test('the same again is stored already; something else is refused, and what lies there stays', async () => {
      const key = `${prefixOf()}same`;
      const bytes = randomBytes(10_000);
      expect(await store().put(key, sourceOf(bytes), never)).toMatchObject({ ok: true });
      expect(await store().put(key, sourceOf(bytes), never)).toMatchObject({ ok: true });
      expect(await store().put(key, sourceOf(randomBytes(10_000)), never)).toMatchObject({ ok: false, code: 'other-object' });
      expect(await store().put(key, sourceOf(randomBytes(20_000)), never)).toMatchObject({ ok: false, code: 'other-object' });
      expect((await bytesOf(store(), key, 0, bytes.length)).equals(bytes)).toBe(true);
    });

    test('of several at once under one key one is stored, and who brought something else is told', async () => {
      const key = `${prefixOf()}race`;
      const all = Array.from({ length: 4 }, () => randomBytes(50_000));
      const answers = await Promise.all(all.map((bytes) => store().put(key, sourceOf(bytes), never)));
      const winners = all.filter((_bytes, index) => answers[index]?.ok === true);
      expect(winners).toHaveLength(1);
      expect(answers.filter((answer) => !answer.ok && answer.code === 'other-object')).toHaveLength(3);
      expect((await bytesOf(store(), key, 0, 50_000)).equals(winners[0] ?? Buffer.alloc(0))).toBe(true);
    });

    test.each([10_000, ...(inParts ? [IN_PARTS_BYTES] : [])])('a source of %i bytes that became another one stores nothing', async (sizeBytes) => {
      const key = `${prefixOf()}changed`;
      const changed = { ...sourceOf(randomBytes(sizeBytes)), digest: sourceOf(Buffer.from('as it was')).digest };
      expect(await store().put(key, changed, never)).toMatchObject({ ok: false, code: 'source-changed' });
      expect(await store().head(key, never)).toEqual({ ok: true, value: null });
    });

    test('a put that broke off goes on, to the same bytes', async () => {
      const key = `${prefixOf()}broken`;
      const bytes = randomBytes(inParts ? IN_PARTS_BYTES : 1_000_000);
      const source = sourceOf(bytes);
      const breaking: ObjectSource = {
        ...source,
        read: async (from, length) => {
          if (from + length === bytes.length) throw new Error('the disk broke');
          return await source.read(from, length);
        },
      };
      await expect(store().put(key, breaking, never)).rejects.toThrow('the disk broke');
      expect(await store().head(key, never)).toEqual({ ok: true, value: null });
      expect(await store().put(key, source, never)).toMatchObject({ ok: true });
      expect((await bytesOf(store(), key, 0, bytes.length)).equals(bytes)).toBe(true);
    });

    test('a key may hold what a name of a cluster or of a node may', async () => {
      const prefix = prefixOf();
      for (const key of [`${prefix}a b+c`, `${prefix}100%25=&?#`, `${prefix}Größe (1)'*!~.snapshot`]) {
        const bytes = randomBytes(100);
        expect(await store().put(key, sourceOf(bytes), never), key).toMatchObject({ ok: true });
        expect((await bytesOf(store(), key, 0, 100)).equals(bytes)).toBe(true);
        expect(await store().list(key, never)).toEqual({ ok: true, value: [{ key, sizeBytes: 100 }] });
      }
    });

    test('the list has what is below the prefix, in order', async () => {
      const prefix = prefixOf();
      for (const name of ['b/2', 'a/1', 'b/1']) expect(await store().put(`${prefix}${name}`, sourceOf(Buffer.from(name)), never)).toMatchObject({ ok: true });
      expect(await store().list(`${prefix}b/`, never)).toEqual({ ok: true, value: [{ key: `${prefix}b/1`, sizeBytes: 3 }, { key: `${prefix}b/2`, sizeBytes: 3 }] });
    });

    test('an abort is its reason', async () => {
      const stop = AbortSignal.abort(new Error('enough'));
      await expect(store().put('aborted', sourceOf(Buffer.from('x')), stop)).rejects.toThrow('enough');
      await expect(store().head('aborted', stop)).rejects.toThrow('enough');
    });
  });
}

export function sourceOf(bytes: Buffer): ObjectSource {
  return { sizeBytes: bytes.length, digest: createHash('sha256').update(bytes).digest('hex'), read: async (from, length) => bytes.subarray(from, from + length) };
}

export async function bytesOf(store: ObjectStore, key: string, from: number, to: number): Promise<Buffer> {
  const got = await store.get(key, { from, to }, never);
  if (!got.ok) throw new Error(got.message);
  const pieces: Uint8Array[] = [];
  for await (const piece of got.value) pieces.push(Uint8Array.from(piece));
  return Buffer.concat(pieces);
}
