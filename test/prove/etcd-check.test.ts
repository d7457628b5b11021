import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Damage } from '../../agent/snapshots/bolt/damage.ts';
import { readMetaPages } from '../../agent/snapshots/bolt/meta.ts';
import { checkSnapshot } from '../../agent/snapshots/check-snapshot.ts';
import { mustRun, runProgram } from '../fleet/run-program.ts';
import { rangesOf } from '../support/bolt-file.ts';
import { etcdPrograms, etcdutlProgram } from '../support/etcd-programs.ts';
import { type RunningEtcd, startEtcd } from '../support/etcd-server.ts';
import { type Dice, seededDice } from '../support/seeded-dice.ts';
import { snapshotStatus } from '../support/snapshot-status.ts';
import { walkFile } from '../support/walk-file.ts';
import { say } from './say.ts';

const TRAILER = 32;
const FLIPS = 200;
const CUTS = 50;
const TEST_MAX_MS = 15 * 60_000;
/** At 1 GiB; what Node takes for nothing is 45 of them. */
const PEAK_MAX_MIB = 160;

const folder = mkdtempSync(join(tmpdir(), 'farrier-etcd-check-'));
const [older, newer] = await Promise.all([etcdPrograms('bookworm'), etcdPrograms('trixie')]);
const etcdutl = await etcdutlProgram();
let etcd: RunningEtcd;
beforeAll(async () => {
  etcd = await startEtcd(newer, { flags: ['--unsafe-no-fsync', '--quota-backend-bytes', String(4 * 2 ** 30)] });
});
afterAll(async () => {
  await etcd.dispose();
  rmSync(folder, { recursive: true });
});

/** How a member grows: each line adds to the one before it. */
const GROWTH = [
  { name: 'empty', grow: async () => undefined, mibAtLeast: 0 },
  { name: 'some MB', grow: () => etcd.fill({ prefix: '/registry/pods/default', count: 5_000, valueBytes: 1_000 }), mibAtLeast: 5 },
  {
    name: '100 MB, a third of it free',
    grow: async () => {
      for (let round = 0; round < 3; round += 1) await etcd.fill({ prefix: '/registry/configmaps/default', count: 3_000, valueBytes: 12_000 });
      const { header } = JSON.parse(await etcd.ctl('del', '--prefix', '/registry/pods/default/1', '-w', 'json')) as { header: { revision: number } };
      await etcd.ctl('compact', '--physical', String(header.revision - 4_000));
    },
    mibAtLeast: 100,
  },
  { name: '1 GB', grow: () => etcd.fill({ prefix: '/registry/secrets', count: 900, valueBytes: 1_000_000 }), mibAtLeast: 900 },
] as const;

describe('what is read of a snapshot is what both tools say', () => {
  test.each(GROWTH)('$name', { timeout: TEST_MAX_MS }, async ({ name, grow, mibAtLeast }) => {
    await grow();
    const path = join(folder, `${name.replaceAll(/\W/g, '-')}.db`);
    await etcd.ctl('snapshot', 'save', path);
    const checked = await checkSnapshot(path, { withKvHash: true });
    expect(checked).toMatchObject({ ok: true, size: statSync(path).size });
    if (!checked.ok) return;
    expect(checked.size).toBeGreaterThan(mibAtLeast * 2 ** 20);
    const expected = { hash: checked.hash, revision: checked.revision, totalKey: checked.totalRecords, totalSize: checked.totalSize };
    expect(await snapshotStatus(newer, path)).toEqual(expected);
    expect(await snapshotStatus(older, path)).toEqual(expected);
    const [{ HashKV }] = JSON.parse(await etcd.ctl('endpoint', 'hashkv', '-w', 'json')) as [{ HashKV: { hash: number; compact_revision: number } }];
    expect(checked.kvHash).toMatchObject({ hash: HashKV.hash, compactRevision: HashKV.compact_revision });
    const cost = JSON.parse(await mustRun([process.execPath, fileURLToPath(new URL('../bench/snapshot-check.ts', import.meta.url)), path, '--once'], { timeoutMs: TEST_MAX_MS })) as { peakMib: number; wallMs: number; hashMs: number };
    say(`${name}: ${(checked.size / 1e6).toFixed(1)} MB, ${checked.totalKey} keys of ${checked.totalRecords} records: sha256 ${cost.hashMs.toFixed(0)} ms, walk ${(cost.wallMs - cost.hashMs).toFixed(0)} ms, peak ${cost.peakMib.toFixed(0)} MiB`);
    expect(cost.peakMib).toBeLessThan(PEAK_MAX_MIB);
  });
});

describe('a snapshot that was damaged on its way', () => {
  const snapshot = join(folder, 'some-MB.db');
  const copy = join(folder, 'copy.db');

  test(`one bit at each of ${FLIPS} places`, { timeout: TEST_MAX_MS }, async () => {
    copyFileSync(snapshot, copy);
    const { size } = statSync(copy);
    const dice = seededDice(1);
    const seen = { check: 0, walk: 0, etcdutl: 0 };
    for (let flip = 0; flip < FLIPS; flip += 1) {
      await flipped(copy, dice.int(0, size - 1), dice, async () => {
        seen.check += (await checkSnapshot(copy)).ok ? 0 : 1;
        seen.walk += walks(copy) ? 0 : 1;
        seen.etcdutl += (await runProgram([etcdutl, 'snapshot', 'status', copy], { timeoutMs: 60_000 })).exitCode === 0 ? 0 : 1;
      });
    }
    say(`one bit at ${FLIPS} places anywhere: refused ${seen.check} by the check, ${seen.walk} by the walk alone, ${seen.etcdutl} by etcdutl snapshot status`);
    expect(seen.check).toBe(FLIPS);
    expect(await checkSnapshot(copy)).toMatchObject({ ok: true });
  });

  test(`one bit at each of ${FLIPS} places of page headers and their tables`, { timeout: TEST_MAX_MS }, async () => {
    copyFileSync(snapshot, copy);
    const tables = tablesOf(copy);
    const dice = seededDice(2);
    const seen = { check: 0, walk: 0, etcdutl: 0 };
    for (let flip = 0; flip < FLIPS; flip += 1) {
      await flipped(copy, dice.pick(tables), dice, async () => {
        seen.check += (await checkSnapshot(copy)).ok ? 0 : 1;
        seen.walk += walks(copy) ? 0 : 1;
        seen.etcdutl += (await runProgram([etcdutl, 'snapshot', 'status', copy], { timeoutMs: 60_000 })).exitCode === 0 ? 0 : 1;
      });
    }
    say(`one bit at ${FLIPS} places of headers and tables: refused ${seen.check} by the check, ${seen.walk} by the walk alone, ${seen.etcdutl} by etcdutl snapshot status`);
    expect(seen.check).toBe(FLIPS);
  });

  test(`cut off at ${CUTS} lengths`, { timeout: TEST_MAX_MS }, async () => {
    const { size } = statSync(snapshot);
    const dice = seededDice(3);
    // The ends, whole pages, and what has the length of a snapshot among them.
    const lengths = [0, 1, 31, 32, 4096, size - 1, size - TRAILER, size - TRAILER - 1, size - 4096, ...Array.from({ length: 10 }, () => dice.int(1, Math.floor(size / 4096) - 1) * 4096 + TRAILER)];
    while (lengths.length < CUTS) lengths.push(dice.int(0, size - 1));
    const codes = new Map<string, number>();
    for (const length of lengths) {
      copyFileSync(snapshot, copy);
      truncateSync(copy, length);
      const checked = await checkSnapshot(copy);
      const code = checked.ok ? 'ok' : checked.code;
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    say(`cut off at ${CUTS} lengths: ${JSON.stringify(Object.fromEntries(codes))}`);
    expect(codes.get('ok')).toBeUndefined();
    expect(codes.get('truncated')).toBeGreaterThan(CUTS / 2);
  });
});

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
