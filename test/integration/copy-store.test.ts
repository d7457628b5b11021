import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { loadStoreFile, storeAsFile } from '../../coordinator/adapters/store-as-file.ts';
import type { EventStore } from '../../coordinator/ports/event-store.ts';
import { copyStore } from '../../coordinator/runtime/copy-store.ts';
import { manualClock } from '../support/manual-clock.ts';
import { memoryStore } from '../support/memory-store.ts';

const clock = manualClock();
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'farrier-copy-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function filled(): Promise<EventStore> {
  const store = memoryStore({ clock });
  await store.append('ledger', 0, Array.from({ length: 2500 }, (_, n) => ({ n })));
  await store.append('rollout/r1', 0, Array.from({ length: 20 }, (_, n) => ({ n, big: 'x'.repeat(100_000) })));
  for (const key of ['policy', 'node/a', 'node/b']) await store.putRecord(key, { key }, 0);
  return store;
}

async function contentOf(store: EventStore): Promise<unknown> {
  const streams = await Promise.all((await store.streams('')).map(async (stream) => [stream, await store.read(stream, 0)]));
  return { streams, records: (await store.listRecords('')).map(({ key, value }) => [key, value]) };
}

test('a store goes into one file and from there into another store, whole', async () => {
  const source = await filled();
  await storeAsFile(source, clock).copyTo(join(folder, 'store.db'));
  expect(await readdir(folder)).toEqual(['store.db']);
  const target = memoryStore({ clock });
  expect(await loadStoreFile(folder, target, clock)).toEqual({ streams: 2, events: 2520, records: 3 });
  expect(await contentOf(target)).toEqual(await contentOf(source));
});

test('parts stay below what one message of NATS takes', async () => {
  const target = memoryStore({ clock });
  const sizes: number[] = [];
  const append: EventStore['append'] = (stream, expectedSequence, events) => {
    sizes.push(JSON.stringify(events).length);
    return target.append(stream, expectedSequence, events);
  };
  await copyStore(await filled(), { ...target, append });
  expect(Math.max(...sizes)).toBeLessThan(300 * 1024);
});

test('the ledger is copied last', async () => {
  const target = memoryStore({ clock });
  const order: string[] = [];
  const append: EventStore['append'] = (stream, expectedSequence, events) => {
    if (order.at(-1) !== stream) order.push(stream);
    return target.append(stream, expectedSequence, events);
  };
  await copyStore(await filled(), { ...target, append });
  expect(order).toEqual(['rollout/r1', 'ledger']);
});

test.each(['append', 'putRecord'] as const)('a target that holds something (%s) is refused and left alone', async (what) => {
  const target = memoryStore({ clock });
  if (what === 'append') await target.append('other', 0, [{}]);
  else await target.putRecord('other', {}, 0);
  const before = await contentOf(target);
  await expect(copyStore(await filled(), target)).rejects.toMatchObject({ code: 'target-exists' });
  expect(await contentOf(target)).toEqual(before);
});
