import { expect, test } from 'vitest';

import { auditHash, type AuditFacts } from '../../../coordinator/api/audit-entry.ts';
import { AuditLog } from '../../../coordinator/api/audit.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { memoryDisk, memoryStore, type MemoryDisk } from '../../support/memory-store.ts';

const facts: AuditFacts = { who: 'ann', role: 'admin', action: 'rollout pause', object: 'rollout/r1', result: 'ok' };

function openLog(disk: MemoryDisk): AuditLog {
  const clock = manualClock();
  return new AuditLog(memoryStore({ clock, disk }), clock);
}

async function written(count: number): Promise<MemoryDisk> {
  const disk = memoryDisk();
  const log = openLog(disk);
  for (let index = 0; index < count; index += 1) await log.append({ ...facts, object: `rollout/r${index}` });
  return disk;
}

test('two coordinators write one whole chain, all at once', async () => {
  const disk = memoryDisk();
  const logs = [openLog(disk), openLog(disk)];
  await Promise.all(Array.from({ length: 40 }, async (_, index) => await logs[index % 2]?.append({ ...facts, object: String(index) })));
  const listing = await openLog(disk).list(100);
  expect(listing.broken).toBe('');
  expect(listing.entries.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  expect(new Set(listing.entries.map(({ object }) => object)).size).toBe(40);
});

test('the newest come in order; the whole chain is looked at whatever is shown', async () => {
  const disk = await written(5);
  const listing = await openLog(disk).list(2);
  expect(listing.entries.map(({ sequence }) => sequence)).toEqual([4, 5]);
  expect(await openLog(disk).list(0)).toEqual({ entries: [], broken: '' });
});

test('why is part of the chain, and entries from before it was asked for still hold', async () => {
  const disk = await written(1);
  const old = JSON.parse(disk.streams.get('audit')?.[0] ?? '{}') as Record<string, unknown>;
  delete old['detail'];
  disk.streams.set('audit', [JSON.stringify(old)]);
  await openLog(disk).append({ ...facts, detail: 'customer demo' });
  expect(await openLog(disk).list(2)).toMatchObject({ broken: '', entries: [{ detail: '' }, { detail: 'customer demo' }] });
  disk.streams.set('audit', (disk.streams.get('audit') ?? []).map((line) => line.replace('customer demo', 'just so')));
  expect((await openLog(disk).list(0)).broken).toContain('entry 2');
});

test.each<[string, (lines: string[]) => string[], string]>([
  ['changed', (lines) => lines.with(1, (lines[1] ?? '').replace('ann', 'bob')), 'entry 2'],
  ['changed with its hash made to fit', (lines) => lines.with(1, refit(lines[1] ?? '', JSON.parse(lines[0] ?? '{}') as { hash: string })), 'entry 3'],
  ['dropped', (lines) => lines.toSpliced(1, 1), 'entry 2 of the audit log says that it is entry 3'],
  ['dropped at the front', (lines) => lines.slice(1), 'entry 1'],
  ['swapped', (lines) => [lines[0] ?? '', lines[2] ?? '', lines[1] ?? '', ...lines.slice(3)], 'entry 2'],
  ['put in', (lines) => lines.toSpliced(1, 0, lines[0] ?? ''), 'entry 2'],
  ['made unreadable', (lines) => lines.with(1, '{}'), 'entry 2'],
])('an entry that was %s breaks the chain, and is named', async (_name, change, where) => {
  const disk = await written(5);
  disk.streams.set('audit', change(disk.streams.get('audit') ?? []));
  expect((await openLog(disk).list(0)).broken).toContain(where);
  // It is still written to: what comes next must not be lost.
  await openLog(disk).append(facts);
});

function refit(line: string, before: { readonly hash: string }): string {
  const entry = { ...(JSON.parse(line) as Required<AuditFacts> & { sequence: number; wallUnixMs: number }), who: 'bob' };
  return JSON.stringify({ ...entry, hash: auditHash(before.hash, entry) });
}
