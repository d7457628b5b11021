import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { groupCommit } from '../../../coordinator/adapters/group-commit.ts';
import { sqliteStoreError } from '../../../coordinator/adapters/sqlite-store-error.ts';
import { StoreError } from '../../../coordinator/ports/store-error.ts';

let database: DatabaseSync;
beforeEach(() => {
  database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE t (a)');
});
afterEach(() => database.close());

const inOurWords = (error: unknown): unknown => sqliteStoreError(error, '/data/store.db');
const count = (): number => Number(database.prepare('SELECT count(*) AS n FROM t').get()?.['n']);

describe('group commit', () => {
  test('puts all writes of one turn into one transaction, in their order', async () => {
    const commits = groupCommit(database, inOurWords);
    const inside = await Promise.all([1, 2, 3].map((n) => commits.run(() => {
      database.exec(`INSERT INTO t VALUES (${n})`);
      return [n, database.isTransaction, count()];
    })));
    expect(inside).toEqual([[1, true, 1], [2, true, 2], [3, true, 3]]);
    expect(database.isTransaction).toBe(false);
  });

  test('keeps nothing of a group that finds no room, and goes on when there is some again', async () => {
    const commits = groupCommit(database, inOurWords);
    database.exec('PRAGMA max_page_count = 4');
    const results = await Promise.allSettled(['small', 'b'.repeat(50_000)].map((text) => commits.run(() => database.prepare('INSERT INTO t VALUES (?)').run(text))));
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'store-full', retryable: true } });
    expect(count()).toBe(0);
    database.exec('PRAGMA max_page_count = 1000');
    await commits.run(() => database.exec('INSERT INTO t VALUES (1)'));
    expect(count()).toBe(1);
  });

  test('writes nothing more after a failure that says nothing about what is on disk', async () => {
    const failed = new StoreError('store-failed', 'the sync failed', 'restart');
    const commits = groupCommit(database, () => failed);
    const first = commits.run(() => {
      database.exec('INSERT INTO t VALUES (1)');
      throw new Error('I/O error');
    });
    await expect(first).rejects.toBe(failed);
    await expect(commits.run(() => database.exec('INSERT INTO t VALUES (2)'))).rejects.toBe(failed);
    expect(count()).toBe(0);
  });

  test('flush commits at once what waits', () => {
    const commits = groupCommit(database, inOurWords);
    void commits.run(() => database.exec('INSERT INTO t VALUES (1)'));
    commits.flush();
    expect(count()).toBe(1);
  });
});
