import { type Stretch, compareBytes, compareStretches } from './compare-bytes.ts';
import { Damage } from './damage.ts';
import { PAGE_HEADER_BYTES, type Page } from './pages.ts';
import { readU64 } from './read-u64.ts';

export const LEAF_ENTRY_BYTES = 16;
const BRANCH_ENTRY_BYTES = 16;
/** bbolt's MaxKeySize. */
const KEY_BYTES_MAX = 32_768;

/** The keys that the pages above leave to a page: from `least` on, below `below`. null is no bound. */
export interface KeyRange {
  readonly least: Stretch | null;
  readonly below: Stretch | null;
}

/** An entry of a branch page: a page below, and the least key that it may hold. */
export interface BranchEntry {
  readonly least: Stretch;
  readonly page: number;
}

/** @throws {Damage} where they are not as bbolt writes them, or outside of the range. */
export function branchEntries({ id, count, bytes }: Page, range: KeyRange): readonly BranchEntry[] {
  if (count === 0) throw new Damage('page-layout', id, 'a branch without entries');
  const layout = new Layout(id, bytes, PAGE_HEADER_BYTES, count * BRANCH_ENTRY_BYTES, range);
  const entries: BranchEntry[] = [];
  for (let at = PAGE_HEADER_BYTES; entries.length < count; at += BRANCH_ENTRY_BYTES) {
    const from = layout.next(at + bytes.getUint32(at, true), bytes.getUint32(at + 4, true), 0);
    entries.push({ least: { bytes, from, to: layout.end }, page: readU64(bytes, at + 8) });
  }
  layout.finish();
  return entries;
}

/**
 * Checks that the entries of a leaf are records, or all of them buckets, and lie as bbolt writes them: table, then key,
 * value, key, value without a gap. What overlaps could be made to be read for ever.
 *
 * @returns where the keys and values end.
 * @throws {Damage}
 */
export function checkLeaf(id: number, bytes: DataView, from: number, count: number, entryFlags: number, range: KeyRange): number {
  const table = from + PAGE_HEADER_BYTES;
  const layout = new Layout(id, bytes, table, count * LEAF_ENTRY_BYTES, range);
  for (let index = 0, at = table; index < count; index += 1, at += LEAF_ENTRY_BYTES) {
    const flags = bytes.getUint32(at, true);
    if (flags !== entryFlags) throw new Damage('bucket-entry', id, `entry ${index} has flags 0x${flags.toString(16)} where ${entryFlags.toString(16)} stands`);
    layout.next(at + bytes.getUint32(at + 4, true), bytes.getUint32(at + 8, true), bytes.getUint32(at + 12, true));
  }
  layout.finish();
  return layout.end;
}

/** Goes through the entries of one page, each of which begins where the one before it ends. */
class Layout {
  readonly #id: number;
  readonly #bytes: DataView;
  readonly #range: KeyRange;
  readonly #start: number;
  #keyFrom = 0;
  #keyTo = 0;
  /** Where the next entry begins. */
  end: number;

  constructor(id: number, bytes: DataView, table: number, tableBytes: number, range: KeyRange) {
    this.#id = id;
    this.#bytes = bytes;
    this.#range = range;
    this.#start = table + tableBytes;
    this.end = this.#start;
    if (this.end > bytes.byteLength) throw new Damage('page-layout', id, `${tableBytes} bytes of entries in ${bytes.byteLength}`);
  }

  /** @returns where the key begins. */
  next(from: number, keyBytes: number, valueBytes: number): number {
    if (from !== this.end || from + keyBytes + valueBytes > this.#bytes.byteLength) throw new Damage('page-layout', this.#id, `an entry of ${keyBytes} and ${valueBytes} bytes at ${from}, where ${this.end} is next`);
    if (keyBytes === 0 || keyBytes > KEY_BYTES_MAX) throw new Damage('key-length', this.#id, `a key of ${keyBytes} bytes`);
    if (from === this.#start) this.#refuseBelowRange(from, from + keyBytes);
    else if (compareBytes(this.#bytes, this.#keyFrom, this.#keyTo, this.#bytes, from, from + keyBytes) >= 0) throw new Damage('key-order', this.#id, `the key at ${from} does not come after the one before it`);
    this.#keyFrom = from;
    this.#keyTo = from + keyBytes;
    this.end = this.#keyTo + valueBytes;
    return from;
  }

  /** Keys ascend, so that the last one speaks for all. */
  finish(): void {
    const { below } = this.#range;
    if (below === null || this.end === this.#start) return;
    if (compareStretches({ bytes: this.#bytes, from: this.#keyFrom, to: this.#keyTo }, below) >= 0) throw new Damage('key-range', this.#id, 'its last key belongs to a page after it');
  }

  #refuseBelowRange(from: number, to: number): void {
    const { least } = this.#range;
    if (least !== null && compareStretches({ bytes: this.#bytes, from, to }, least) < 0) throw new Damage('key-range', this.#id, 'its first key belongs to a page before it');
  }
}
