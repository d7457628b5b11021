import { expect, test } from 'vitest';

import { halvesOf, LiveKeys, type Share, WHOLE } from '../../../../agent/snapshots/contents/live-keys.ts';
import { seededDice } from '../../../support/seeded-dice.ts';

function viewOf(text: string): DataView {
  const bytes = new Uint8Array(Buffer.from(text));
  return new DataView(bytes.buffer);
}

const set = (live: LiveKeys, key: string, revision: number): boolean => live.set(viewOf(key), 0, key.length, revision);
const remove = (live: LiveKeys, key: string): boolean => live.delete(viewOf(key), 0, key.length);
const newestOf = (live: LiveKeys, key: string): number => live.newestOf(viewOf(key), 0, key.length);

test('keys come to life once, and die once', () => {
  const live = new LiveKeys();
  expect([set(live, '/a', 2), set(live, '/b', 3), set(live, '/a', 4)]).toEqual([true, true, false]);
  expect([live.size, newestOf(live, '/a'), newestOf(live, '/b'), newestOf(live, '/c')]).toEqual([2, 4, 3, 0]);
  expect([remove(live, '/a'), remove(live, '/a'), remove(live, '/c')]).toEqual([true, false, false]);
  expect([live.size, newestOf(live, '/a'), newestOf(live, '/b')]).toEqual([1, 0, 3]);
});

test('it agrees with a map through a long life, however often it grows', () => {
  const live = new LiveKeys();
  const model = new Map<string, number>();
  const dice = seededDice(1);
  let deaths = 0;
  const wrong: string[] = [];
  for (let revision = 1; revision <= 60_000; revision += 1) {
    const key = `/registry/pods/${dice.int(0, 20_000)}`;
    if (dice.chance(0.3)) {
      const lived = model.delete(key);
      if (remove(live, key) !== lived) wrong.push(`delete ${key} at ${revision}`);
      deaths += lived ? 1 : 0;
    } else {
      if (set(live, key, revision) === model.has(key)) wrong.push(`set ${key} at ${revision}`);
      model.set(key, revision);
    }
  }
  expect(deaths).toBeGreaterThan(5_000);
  expect(live.size).toBe(model.size);
  for (let index = 0; index <= 20_000; index += 1) {
    const key = `/registry/pods/${index}`;
    if (newestOf(live, key) !== (model.get(key) ?? 0)) wrong.push(key);
  }
  expect(wrong).toEqual([]);
});

test('shares leave no key out, and none is in two', () => {
  const [one, other] = halvesOf(WHOLE);
  const shares: readonly Share[] = [one, ...halvesOf(other)];
  const tables = shares.map((share) => new LiveKeys(share));
  const holders = Array.from({ length: 4_000 }, (_none, index) => tables.filter((live) => set(live, `key ${index}`, 1)).length);
  expect(new Set(holders)).toEqual(new Set([1]));
  for (const live of tables) expect(live.size).toBeGreaterThan(500);
});
