import type { DatabaseSync } from 'node:sqlite';

import { StoreError } from '../ports/store-error.ts';

export interface GroupCommit {
  /**
   * Runs `write` inside a transaction and resolves to what it returned once that is on disk. `write` decides and writes
   * synchronously; it must have written nothing when its answer is a refusal.
   */
  run<T>(write: () => T): Promise<T>;
  /** Commits what is queued, at once. */
  flush(): void;
}

const GROUP_MAX = 1000;

interface Pending {
  readonly write: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * One commit, and so one sync of the disk, for all writes that arrive in the same turn of the event loop: a sync takes
 * milliseconds and blocks this thread.
 */
export function groupCommit(database: DatabaseSync, inOurWords: (error: unknown) => unknown): GroupCommit {
  const queue: Pending[] = [];
  let broken: unknown;

  function flush(): void {
    while (queue.length > 0) commit(queue.splice(0, GROUP_MAX));
  }

  function commit(group: readonly Pending[]): void {
    if (broken !== undefined) {
      for (const pending of group) pending.reject(broken);
      return;
    }
    const values: unknown[] = [];
    try {
      database.exec('BEGIN IMMEDIATE');
      for (const pending of group) values.push(pending.write());
      database.exec('COMMIT');
    } catch (error) {
      const reason = inOurWords(error);
      if (database.isTransaction) database.exec('ROLLBACK');
      // After a failed sync the kernel may report the next one as good: only a restart shows what is stored.
      if (!(reason instanceof StoreError && reason.retryable)) broken = reason;
      for (const pending of group) pending.reject(reason);
      return;
    }
    for (const [index, pending] of group.entries()) pending.resolve(values[index] as never);
  }

  return {
    run: <T>(write: () => T) => new Promise<T>((resolve, reject) => {
      if (queue.length === 0) setImmediate(flush);
      queue.push({ write, resolve, reject });
    }),
    flush,
  };
}
