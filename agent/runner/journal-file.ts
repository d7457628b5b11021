import { closeSync, existsSync, ftruncateSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import { type FileLock, lockFile } from '../../shared/files/lock-file.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Random } from '../../shared/ports/random.ts';
import { isDiskFull } from '../core/disk-full.ts';
import type { JournalError } from '../core/journal-error.ts';
import { keptRecords } from '../core/kept-records.ts';
import type { DurableFiles } from '../ports/durable-files.ts';
import type { Journal, JournalEntry } from '../ports/journal.ts';
import { formatLine, parseJournal } from './journal-line.ts';
import { takeJournalRoom } from './journal-room.ts';

export interface JournalParts {
  /** `<state>/journal`; made when it is not there. */
  readonly folder: string;
  readonly bootId: string;
  /** The format to write; what is there keeps its own. */
  readonly format: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly files: DurableFiles;
}

export interface OpenJournal extends Journal {
  close(): void;
}

export type OpenedJournal = { readonly ok: true; readonly journal: OpenJournal } | { readonly ok: false; readonly error: JournalError };

/** Opens the journal for writing: takes the lock, cuts off a torn tail, drops what is older than is kept. */
export function openJournal(parts: JournalParts, lockWaitMs = 0): OpenedJournal {
  const { folder } = parts;
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    parts.files.syncFolder(dirname(folder));
  }
  const lock = lockFile(`${folder}/lock`, lockWaitMs);
  if (lock === null) return { ok: false, error: locked(folder) };
  const opened = openLocked(parts, lock);
  if (!opened.ok) lock.release();
  return opened;
}

function openLocked(parts: JournalParts, lock: FileLock): OpenedJournal {
  const { folder, files } = parts;
  const path = `${folder}/journal.log`;
  const idPath = `${folder}/journal.id`;
  const knownId = existsSync(idPath) ? readFileSync(idPath, 'utf8').trim() : null;
  if (knownId !== null && !existsSync(path)) return { ok: false, error: missing(path) };
  const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
  const parsed = parseJournal(bytes, path);
  if (!parsed.ok) return parsed;
  const journalId = parsed.records[0]?.journalId ?? knownId ?? Buffer.from(parts.random.bytes(16)).toString('hex');
  let descriptor = openSync(path, 'a', 0o600);
  if (parsed.wholeBytes < bytes.length) ftruncateSync(descriptor, parsed.wholeBytes);
  files.syncFile(descriptor);
  files.syncFolder(folder);
  // The log is there before its id: an id without a log means that somebody took the log away.
  if (knownId === null) writeBeside(idPath, `${journalId}\n`, files);
  let kept = keptRecords(parsed.records);
  if (kept.length < parsed.records.length) {
    if (replaceLog(path, kept, files)) {
      closeSync(descriptor);
      descriptor = openSync(path, 'a', 0o600);
    } else {
      kept = parsed.records;
    }
  }
  takeJournalRoom(path, descriptor);
  return { ok: true, journal: writer(parts, journalId, kept, descriptor, lock) };
}

function writer(parts: JournalParts, journalId: string, kept: readonly JournalRecord[], descriptor: number, lock: FileLock): OpenJournal {
  const { clock, bootId, format, files } = parts;
  const records = [...kept];
  let poisoned = false;
  return {
    journalId,
    records,
    append: (entries: readonly JournalEntry[]) => {
      if (poisoned) throw new Error('the journal failed before; a new process has to read it again');
      const first = (records.at(-1)?.sequence ?? 0) + 1;
      const stamp = { format, journalId, bootId, monotonicMs: Math.floor(clock.monotonicMs()), wallUnixMs: clock.wallUnixMs() };
      const added = entries.map((entry, index): JournalRecord => ({ ...stamp, sequence: first + index, ...entry }));
      // After a failed write or fsync nobody knows what is on disk (fsyncgate): this process may not write again.
      poisoned = true;
      writeAll(descriptor, Buffer.from(added.map(formatLine).join('')));
      files.syncFile(descriptor);
      poisoned = false;
      records.push(...added);
      return added;
    },
    close: () => {
      closeSync(descriptor);
      lock.release();
    },
  };
}

/** @returns false where the disk has no room for both: then everything is kept until it has. */
function replaceLog(path: string, kept: readonly JournalRecord[], files: DurableFiles): boolean {
  try {
    writeBeside(path, kept.map(formatLine).join(''), files);
    return true;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    rmSync(`${path}.new`, { force: true });
    return false;
  }
}

function writeBeside(path: string, content: string, files: DurableFiles): void {
  const beside = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeAll(beside, Buffer.from(content));
    files.syncFile(beside);
  } finally {
    closeSync(beside);
  }
  renameSync(`${path}.new`, path);
  files.syncFolder(dirname(path));
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
}

function locked(folder: string): JournalError {
  return {
    code: 'journal-locked',
    path: `${folder}/lock`,
    line: 0,
    message: 'another process of Farrier is writing to the journal',
    remedy: 'wait for the work in progress: farrier-agent status',
  };
}

function missing(path: string): JournalError {
  return {
    code: 'journal-missing',
    path,
    line: 0,
    message: `${path} is gone, but its journal.id is there: what was done to this host is not known`,
    remedy: 'bring the file back; or, where it is lost, move the journal folder away and restart the agent, which starts a new journal',
  };
}
