import { type Stats, closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';

import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import { isReadOnly } from '../core/disk-full.ts';
import type { JournalError } from '../core/journal-error.ts';
import type { DurableFiles } from '../ports/durable-files.ts';
import { parseJournal } from './journal-line.ts';

const POLL_MS = 200;

/** The journal for those who only look: the link, `status`, the agent's own loop. Never locks, never writes. */
export class JournalReader {
  readonly #folder: string;
  readonly #files: DurableFiles;
  #seen = '';
  #records: readonly JournalRecord[] = [];
  #error: JournalError | null = null;
  #journalId = '';

  constructor(folder: string, files: DurableFiles) {
    this.#folder = folder;
    this.#files = files;
    this.refresh();
  }

  /** Reads again where the file changed. @returns whether there is something new. */
  refresh(): boolean {
    const path = `${this.#folder}/journal.log`;
    const named = statSync(path, { throwIfNoEntry: false });
    if ((named === undefined ? '' : stateOf(named)) === this.#seen) return false;
    const last = this.#lastSequence;
    const parsed = parseJournal(named === undefined ? this.#nothing() : this.#readSynced(path), path);
    this.#error = parsed.ok ? null : parsed.error;
    this.#records = parsed.ok ? parsed.records : [];
    this.#journalId = this.#records[0]?.journalId ?? this.#readId();
    return this.#lastSequence !== last;
  }

  /** '' as long as there is no journal. */
  get journalId(): string {
    return this.#journalId;
  }

  /** As of the last refresh; empty where the journal is broken. */
  get records(): readonly JournalRecord[] {
    return this.#records;
  }

  get error(): JournalError | null {
    return this.#error;
  }

  get #lastSequence(): number {
    return this.#records.at(-1)?.sequence ?? 0;
  }

  /** Looks five times a second: inotify instances are few on a host full of containers. @returns how to stop. */
  onGrowth(listener: () => void): () => void {
    // Its own memory: others refresh too, and what they saw first would never be told here.
    let told = this.#lastSequence;
    const timer = setInterval(() => {
      this.refresh();
      if (this.#lastSequence === told) return;
      told = this.#lastSequence;
      listener();
    }, POLL_MS);
    return () => clearInterval(timer);
  }

  /** A record is shown only once it is durable: one that was reported and then lost would be reported twice, differently. */
  #readSynced(path: string): Buffer {
    const descriptor = openSync(path, 'r');
    try {
      this.#seen = stateOf(fstatSync(descriptor));
      const bytes = readFileSync(descriptor);
      try {
        this.#files.syncFile(descriptor);
      } catch (error) {
        // Nothing is written there any more, so nothing is lost either.
        if (!isReadOnly(error)) throw error;
      }
      return bytes;
    } finally {
      closeSync(descriptor);
    }
  }

  #nothing(): Buffer {
    this.#seen = '';
    return Buffer.alloc(0);
  }

  #readId(): string {
    try {
      return readFileSync(`${this.#folder}/journal.id`, 'utf8').trim();
    } catch {
      return '';
    }
  }
}

function stateOf(stat: Stats): string {
  return `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
}
