import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { syncFolder, writeDurably } from '../../../shared/files/write-durably.ts';
import type { FileState } from './file-state.ts';

/** What Farrier last left at each path that it manages, for as long as the host lives: `<state>/managed/`, root only. */
export class DriftMemory {
  readonly #folder: string;

  constructor(stateDir: string) {
    this.#folder = join(stateDir, 'managed');
  }

  /** @returns null for a path that was never managed. */
  async recall(path: string): Promise<FileState | null> {
    const text = await readFile(this.#at(path), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    return text === null ? null : (JSON.parse(text) as { readonly state: FileState }).state;
  }

  /** Null forgets it. Durable when it resolves; idempotent. */
  async remember(path: string, state: FileState | null): Promise<void> {
    if ((await mkdir(this.#folder, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(dirname(this.#folder));
    if (state !== null) return writeDurably(this.#at(path), JSON.stringify({ path, state }));
    await rm(this.#at(path), { force: true });
    await syncFolder(this.#folder);
  }

  #at(path: string): string {
    return join(this.#folder, `${createHash('sha256').update(path).digest('hex')}.json`);
  }
}
