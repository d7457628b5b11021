import { crc32 } from 'node:zlib';

import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import type { JournalError } from '../core/journal-error.ts';
import { wrongInRecord } from '../core/record-shape.ts';
import { JOURNAL_FORMATS } from '../core/write-format.ts';

const NEWLINE = 0x0a;

/** `<crc32, 8 hex digits> <json>\n`; the checksum is over exactly the bytes of the JSON. */
export function formatLine(record: JournalRecord): string {
  const json = JSON.stringify(record);
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
}

export type ParsedJournal =
  | {
      readonly ok: true;
      readonly records: readonly JournalRecord[];
      /** Bytes up to here hold; what follows is a torn tail. */
      readonly wholeBytes: number;
    }
  | { readonly ok: false; readonly error: JournalError };

/**
 * Reads a journal. A last line that lacks its newline or its checksum was being written when the power went: it is
 * left out, nothing ever followed from it. Anything else that does not hold is an error.
 */
export function parseJournal(bytes: Buffer, path: string, reads = JOURNAL_FORMATS.reads): ParsedJournal {
  const records: JournalRecord[] = [];
  let start = 0;
  for (let line = 1; start < bytes.length; line += 1) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end === -1) break;
    const json = checkedJson(bytes.subarray(start, end));
    if (json === null) {
      if (end === bytes.length - 1) break;
      return broken(path, line, 'its checksum does not hold');
    }
    const read = readRecord(json, records.at(-1), reads);
    if (typeof read === 'string') return broken(path, line, read);
    if (read.format > reads) return tooNew(path, line, read.format, reads);
    records.push(read);
    start = end + 1;
  }
  return { ok: true, records, wholeBytes: start };
}

function checkedJson(line: Buffer): string | null {
  const json = line.subarray(9);
  const claimed = line.subarray(0, 9).toString('latin1');
  return claimed === `${crc32(json).toString(16).padStart(8, '0')} ` ? json.toString('utf8') : null;
}

function readRecord(json: string, before: JournalRecord | undefined, reads: number): JournalRecord | string {
  const value: unknown = JSON.parse(json);
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format !== 'number') return 'it names no format';
  // A newer format may have other fields: only its number is looked at.
  if (format > reads) return value as JournalRecord;
  const wrong = wrongInRecord(value);
  if (wrong !== '') return wrong;
  const record = value as JournalRecord;
  if (before !== undefined && record.sequence !== before.sequence + 1) return `sequence ${record.sequence} follows ${before.sequence}`;
  if (before !== undefined && record.journalId !== before.journalId) return 'it belongs to another journal';
  return record;
}

function broken(path: string, line: number, why: string): ParsedJournal {
  return {
    ok: false,
    error: {
      code: 'journal-broken',
      path,
      line,
      message: `${path}:${line} cannot be trusted: ${why}; what was done to this host is not known, so nothing more will be done`,
      remedy: 'check the disk; compare the host with `farrier why`; then move the journal folder away and restart the agent, which starts a new one',
    },
  };
}

function tooNew(path: string, line: number, format: number, reads: number): ParsedJournal {
  return {
    ok: false,
    error: {
      code: 'journal-format',
      path,
      line,
      message: `${path}:${line} has format ${format}, this agent reads up to ${reads}`,
      remedy: 'run the agent that wrote it, or a newer one',
    },
  };
}
