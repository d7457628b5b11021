import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { openSqliteStore } from '../../coordinator/adapters/sqlite-store.ts';
import { openStoreFile } from '../../coordinator/adapters/sqlite-store-file.ts';
import { manualClock } from '../support/manual-clock.ts';

const writer = fileURLToPath(new URL('sqlite-store-writer.ts', import.meta.url));
const clock = manualClock();

let dataFolder: string;
let path: string;
beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'farrier-store-'));
  path = join(dataFolder, 'store.db');
});
afterEach(() => rm(dataFolder, { recursive: true }));

async function startWriter(): Promise<{ readonly child: ChildProcess; readonly acknowledged: number[] }> {
  const child = spawn(process.execPath, [writer, dataFolder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: number[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => acknowledged.push(Number(line)));
  await expect.poll(() => acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(0);
  return { child, acknowledged };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

describe('a crash of the process that writes', () => {
  test('loses nothing that was acknowledged, leaves no half append and no lock', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { child, acknowledged } = await startWriter();
      await new Promise((resolve) => setTimeout(resolve, 20 * round));
      await kill(child);
      const store = await openSqliteStore({ dataFolder, clock });
      const events = await store.read('ledger', Math.max(0, (acknowledged.at(-1) ?? 0) - 100));
      const last = events.at(-1)?.sequence ?? 0;
      expect(last).toBeGreaterThanOrEqual(acknowledged.at(-1) ?? 0);
      expect(events.at(-1)?.event).toEqual({ part: 2, of: last - 2 });
      await store.close();
    }
  });
});

describe('a second coordinator on the folder', () => {
  test('is told who holds it and what to do, and changes nothing', async () => {
    const { child } = await startWriter();
    try {
      const before = await readdir(dataFolder);
      const refusal = await openSqliteStore({ dataFolder, clock }).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'store-locked' });
      expect(String(refusal)).toContain(dataFolder);
      expect(String(refusal)).toContain(`pid ${child.pid}`);
      expect((refusal as { remedy: string }).remedy).toContain(`stop pid ${child.pid}`);
      expect(await readdir(dataFolder)).toEqual(before);
      expect(Number(await readFile(join(dataFolder, 'store.pid'), 'utf8'))).toBe(child.pid);
      // A refused open must not have dropped the holder's lock by closing its files.
      await expect(openSqliteStore({ dataFolder, clock })).rejects.toMatchObject({ code: 'store-locked' });
    } finally {
      await kill(child);
    }
    await (await openSqliteStore({ dataFolder, clock })).close();
  });

  test('finds the folder free after an open that failed', async () => {
    await writeFile(path, 'this is no database, but it is long enough to be taken for one'.repeat(100));
    await expect(openSqliteStore({ dataFolder, clock })).rejects.toMatchObject({ code: 'store-corrupt' });
    await rm(path);
    await (await openSqliteStore({ dataFolder, clock })).close();
  });
});

describe('a lease', () => {
  test('from before a reboot is over: the monotonic clock began anew', async () => {
    const before = manualClock();
    before.advance(1_000_000);
    const first = await openSqliteStore({ dataFolder, clock: before });
    await first.acquireLease('leader', 'a', 10_000);
    await first.close();
    const store = await openSqliteStore({ dataFolder, clock: manualClock() });
    expect(await store.acquireLease('leader', 'b', 10_000)).not.toBeNull();
    await store.close();
  });
});

describe('the file', () => {
  test('is synced at every commit, private, and known by its numbers', async () => {
    const database = openStoreFile(path);
    const pragma = (name: string): unknown => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    expect([pragma('journal_mode'), pragma('synchronous'), pragma('user_version')]).toEqual(['wal', 2, 1]);
    for (const name of await readdir(dataFolder)) expect((await stat(join(dataFolder, name))).mode & 0o777).toBe(0o600);
    database.close();
  });

  test('of a newer format is refused and left as it is', async () => {
    await filledStore();
    change('PRAGMA user_version = 2');
    const refusal = await openSqliteStore({ dataFolder, clock }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'store-newer-format' });
    expect(String(refusal)).toContain('format 2, this version reads up to 1');
    change('PRAGMA user_version = 1');
    expect(await countEvents()).toBe(3000);
  });

  test('of another program is refused', async () => {
    change('CREATE TABLE somebody_elses (a)');
    await expect(openSqliteStore({ dataFolder, clock })).rejects.toMatchObject({ code: 'store-foreign' });
  });

  test.each(['the header', 'a page in the middle', 'its end (cut off)'])('damaged in %s is a clear error with a remedy', async (where) => {
    await filledStore();
    const bytes = await readFile(path);
    expect(bytes.length).toBeGreaterThan(100_000);
    if (where === 'the header') bytes.fill(0x55, 0, 100);
    const middle = 4096 * Math.floor(bytes.length / 8192);
    if (where === 'a page in the middle') bytes.fill(0x55, middle, middle + 4096);
    await writeFile(path, where === 'its end (cut off)' ? bytes.subarray(0, middle) : bytes);
    const refusal = await openSqliteStore({ dataFolder, clock }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'store-corrupt' });
    expect(String(refusal)).toContain(path);
    expect((refusal as { remedy: string }).remedy).toContain('farrier-coordinator restore');
  });

  test('with an event that is no JSON says which one', async () => {
    await filledStore();
    change("UPDATE events SET event = 'torn' WHERE sequence = 7");
    const store = await openSqliteStore({ dataFolder, clock });
    await expect(store.read('ledger', 0)).rejects.toThrow('event 7 of ledger is not JSON');
    await store.close();
  });
});

async function filledStore(): Promise<void> {
  const store = await openSqliteStore({ dataFolder, clock });
  await store.append('ledger', 0, Array.from({ length: 3000 }, (_, n) => ({ n, text: 'x'.repeat(100) })));
  await store.close();
}

async function countEvents(): Promise<number> {
  const store = await openSqliteStore({ dataFolder, clock });
  const events = await store.read('ledger', 0);
  await store.close();
  return events.length;
}

function change(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}
