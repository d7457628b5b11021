import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Damage } from '../../agent/snapshots/bolt/damage.ts';
import { readMetaPages } from '../../agent/snapshots/bolt/meta.ts';
import { checkSnapshot } from '../../agent/snapshots/check-snapshot.ts';
import { generateIdentity } from '../../shared/age/age-keys.ts';
import { runProgram } from '../fleet/run-program.ts';
import { rangesOf } from '../support/bolt-file.ts';
import { etcdPrograms, etcdutlProgram } from '../support/etcd-programs.ts';
import { startEtcd } from '../support/etcd-server.ts';
import { sealBytes, unsealBytes } from '../support/sealed-bytes.ts';
import { type Dice, seededDice } from '../support/seeded-dice.ts';
import { walkFile } from '../support/walk-file.ts';
import type { EtcdSaw } from './etcd-rows.ts';

const TRAILER = 32;
const FLIPS = 200;
const CUTS = 50;
const TEST_MAX_MS = 15 * 60_000;

const folder = mkdtempSync(join(tmpdir(), 'farrier-etcd-damage-'));
const snapshot = join(folder, 'snapshot.db');
const copy = join(folder, 'copy.db');
const etcdutl = await etcdutlProgram();
beforeAll(async () => {
  const etcd = await startEtcd(await etcdPrograms('trixie'));
  try {
    await etcd.fill({ prefix: '/registry/pods/default', count: 5_000, valueBytes: 1_000 });
    await etcd.ctl('snapshot', 'save', snapshot);
  } finally {
    await etcd.dispose();
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** How many damaged copies each way of looking refuses. */
interface Refusals {
  check: number;
  walk: number;
  etcdutl: number;
}

test.for([
  { where: 'one bit, anywhere', seed: 1, placesOf: () => [0, statSync(snapshot).size - 1] as const, pick: (dice: Dice, [from, to]: readonly number[]) => dice.int(from ?? 0, to ?? 0) },
  { where: 'one bit, of page headers and their tables', seed: 2, placesOf: () => tablesOf(snapshot), pick: (dice: Dice, places: readonly number[]) => dice.pick(places) },
])(`$where, at ${FLIPS} places: every copy is refused`, { timeout: TEST_MAX_MS }, async ({ where, seed, placesOf, pick }, { task }) => {
  copyFileSync(snapshot, copy);
  const [places, dice] = [placesOf(), seededDice(seed)];
  const refused: Refusals = { check: 0, walk: 0, etcdutl: 0 };
  for (let flip = 0; flip < FLIPS; flip += 1) {
    await flipped(copy, pick(dice, places), dice, async () => {
      refused.check += (await checkSnapshot(copy)).ok ? 0 : 1;
      refused.walk += walks(copy) ? 0 : 1;
      refused.etcdutl += await statusRefuses(copy);
    });
  }
  task.meta.saw = { table: 'damaged snapshots', rows: [row(where, FLIPS, refused)] } satisfies EtcdSaw;
  expect(refused.check).toBe(FLIPS);
  expect(await checkSnapshot(copy)).toMatchObject({ ok: true });
});

test(`cut off at ${CUTS} lengths: every copy is refused`, { timeout: TEST_MAX_MS }, async ({ task }) => {
  const { size } = statSync(snapshot);
  const dice = seededDice(3);
  // The ends, whole pages, and what has the length of a snapshot among them.
  const lengths = [0, 1, 31, 32, 4096, size - 1, size - TRAILER, size - TRAILER - 1, size - 4096, ...Array.from({ length: 10 }, () => dice.int(1, Math.floor(size / 4096) - 1) * 4096 + TRAILER)];
  while (lengths.length < CUTS) lengths.push(dice.int(0, size - 1));
  const refused: Refusals = { check: 0, walk: 0, etcdutl: 0 };
  const codes = new Map<string, number>();
  for (const length of lengths) {
    copyFileSync(snapshot, copy);
    truncateSync(copy, length);
    const checked = await checkSnapshot(copy);
    const code = checked.ok ? 'ok' : checked.code;
    codes.set(code, (codes.get(code) ?? 0) + 1);
    refused.check += checked.ok ? 0 : 1;
    refused.walk += length > TRAILER && walks(copy) ? 0 : 1;
    refused.etcdutl += await statusRefuses(copy);
  }
  task.meta.saw = { table: 'damaged snapshots', rows: [row(`cut off: ${[...codes].map(([code, count]) => `${count} ${code}`).join(', ')}`, CUTS, refused)] } satisfies EtcdSaw;
  expect(refused.check).toBe(CUTS);
  expect(codes.get('truncated')).toBeGreaterThan(CUTS / 2);
});

test(`sealed: one bit at ${FLIPS} places, and cut off at ${CUTS} lengths: none opens`, { timeout: TEST_MAX_MS }, async ({ task }) => {
  const identity = generateIdentity();
  const { bytes, recorded } = await sealBytes(readFileSync(snapshot), [identity.recipient]);
  const dice = seededDice(4);
  const opens = async (damaged: Buffer): Promise<boolean> => (await unsealBytes(damaged, [identity], recorded)).unsealed.ok;
  const refused = { flips: 0, cuts: 0 };
  for (let flip = 0; flip < FLIPS; flip += 1) {
    const damaged = Buffer.from(bytes);
    const at = dice.int(0, bytes.length - 1);
    damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << dice.int(0, 7)), at);
    refused.flips += (await opens(damaged)) ? 0 : 1;
  }
  for (let cut = 0; cut < CUTS; cut += 1) refused.cuts += (await opens(bytes.subarray(0, dice.int(0, bytes.length - 1)))) ? 0 : 1;
  task.meta.saw = { table: 'damaged snapshots, sealed', rows: [{ DAMAGE: 'one bit, anywhere', COPIES: FLIPS, 'NOT OPENED': refused.flips }, { DAMAGE: 'cut off', COPIES: CUTS, 'NOT OPENED': refused.cuts }] } satisfies EtcdSaw;
  expect(refused).toEqual({ flips: FLIPS, cuts: CUTS });
  expect(await opens(bytes)).toBe(true);
});

function row(damage: string, copies: number, { check, walk, etcdutl: status }: Refusals): EtcdSaw['rows'][number] {
  return { DAMAGE: damage, COPIES: copies, 'REFUSED BY THE CHECK': check, 'BY THE WALK ALONE': walk, 'BY ETCDUTL SNAPSHOT STATUS': status };
}

async function statusRefuses(path: string): Promise<number> {
  return (await runProgram([etcdutl, 'snapshot', 'status', path], { timeoutMs: 60_000 })).exitCode === 0 ? 0 : 1;
}

/** Changes one bit while something looks at the file. */
async function flipped(path: string, at: number, dice: Dice, look: () => Promise<void>): Promise<void> {
  const bit = 1 << dice.int(0, 7);
  const file = openSync(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, at);
    writeSync(file, Buffer.from([byte.readUInt8() ^ bit]), 0, 1, at);
    await look();
    writeSync(file, byte, 0, 1, at);
  } finally {
    closeSync(file);
  }
}

/** Whether the walk alone, which does not look at the trailer, comes to its end. */
function walks(path: string): boolean {
  try {
    walkFile(path, TRAILER);
    return true;
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    return false;
  }
}

/** Where bytes of headers and tables lie, of pages that hold something. */
function tablesOf(path: string): readonly number[] {
  const bytes = readFileSync(path);
  const { pageSize, highWater } = readMetaPages(rangesOf(bytes)).meta;
  const places: number[] = [];
  for (let page = 0; page < highWater; page += 1) {
    const from = page * pageSize;
    // What is left of a page that was freed says its own number too: it counts among those that nothing sees.
    if (Number(bytes.readBigUInt64LE(from)) !== page || ![1, 2].includes(bytes.readUInt16LE(from + 8))) continue;
    for (let at = from; at < Math.min(from + 16 + bytes.readUInt16LE(from + 10) * 16, from + pageSize); at += 1) places.push(at);
  }
  return places;
}
