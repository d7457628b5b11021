import { Damage } from './damage.ts';
import { type KeyRange, LEAF_ENTRY_BYTES, branchEntries, checkLeaf } from './entries.ts';
import { PAGE_HEADER_BYTES, type Page, type Pages } from './pages.ts';

/** Every branch has two pages below it at least (bbolt merges others): no file has pages for a deeper tree. */
const DEPTH_MAX = 32;
const EVERY_KEY: KeyRange = { least: null, below: null };
const RECORD_FLAGS = 0x00;
const BUCKET_FLAGS = 0x01;

/** A leaf that was checked. It holds until the next one is asked for. */
export interface Leaf {
  readonly page: number;
  readonly bytes: DataView;
  /** The table of entries. */
  readonly tableFrom: number;
  readonly count: number;
  /** Keys and values in turns, without a gap. */
  readonly dataFrom: number;
  readonly dataTo: number;
}

export type EntryKind = 'records' | 'buckets';

/**
 * The leaves of a tree in the order of their keys, each checked with everything above it.
 *
 * @throws {Damage}
 */
export function leavesOf(pages: Pages, root: number, kind: EntryKind): Generator<Leaf, void> {
  return leavesBelow(pages, root, kind, EVERY_KEY, 1);
}

function* leavesBelow(pages: Pages, id: number, kind: EntryKind, range: KeyRange, depth: number): Generator<Leaf, void> {
  if (depth > DEPTH_MAX) throw new Damage('tree-too-deep', id, `more than ${DEPTH_MAX} pages deep`);
  const page = pages.take(id, ['branch', 'leaf']);
  if (page.kind === 'leaf') {
    yield leafOf(page.id, page.bytes, 0, page.count, kind, range);
    return;
  }
  const entries = branchEntries(copied(page), range);
  for (const [index, { page: below, least }] of entries.entries()) {
    yield* leavesBelow(pages, below, kind, { least, below: entries[index + 1]?.least ?? range.below }, depth + 1);
  }
}

/** @param from where the page begins, header first */
export function leafOf(page: number, bytes: DataView, from: number, count: number, kind: EntryKind, range: KeyRange = EVERY_KEY): Leaf {
  const dataTo = checkLeaf(page, bytes, from, count, kind === 'buckets' ? BUCKET_FLAGS : RECORD_FLAGS, range);
  const tableFrom = from + PAGE_HEADER_BYTES;
  return { page, bytes, tableFrom, count, dataFrom: tableFrom + count * LEAF_ENTRY_BYTES, dataTo };
}

/** What stays while the pages below are read. Branches are small. */
function copied(page: Page): Page {
  const { buffer, byteOffset, byteLength } = page.bytes;
  return { ...page, bytes: new DataView(buffer.slice(byteOffset, byteOffset + byteLength)) };
}
