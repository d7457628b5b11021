import type { ByteRanges } from './byte-ranges.ts';
import { Damage } from './damage.ts';
import { LEAF_ENTRY_BYTES } from './entries.ts';
import { readFreelist } from './freelist.ts';
import { type Leaf, leafOf, leavesOf } from './leaves-of.ts';
import { type MetaPages, readMetaPages } from './meta.ts';
import { PAGE_HEADER_BYTES, PAGE_KINDS, Pages } from './pages.ts';
import { readU64 } from './read-u64.ts';

/** A bucket of the database: a name and a tree of records. */
export interface Bucket {
  readonly name: string;
  /** The bytes of the name. */
  readonly nameBytes: DataView;
  /** To be gone through once, before the next bucket is asked for. @throws {Damage} */
  leaves(): Generator<Leaf, void>;
}

export interface Database extends MetaPages {
  /** All of them, in the order of their names; once. @throws {Damage} */
  buckets(): Generator<Bucket, void>;
  /** How many pages were read so far, of `meta.highWater`. */
  readonly pagesSeen: number;
}

/** An inline bucket's value begins with its root, 0, and a sequence. */
const BUCKET_HEADER_BYTES = 16;

/**
 * A database that bbolt wrote for etcd. With all its buckets read to their ends, everything was checked that bbolt's own
 * `Check` does: each page below the high-water mark is reached once or free (where the list of free pages is kept; etcd
 * does not), free pages are not reached, pages are of the right kind, keys ascend within a page and stay within what the
 * page above gives. Beyond it: a page says its own number, entries lie without gap or overlap, the meta page is in bounds,
 * and a bucket lies in no other bucket.
 *
 * @throws {Damage}
 */
export function openDatabase(file: ByteRanges): Database {
  const metaPages = readMetaPages(file);
  const { meta } = metaPages;
  const pages = new Pages(file, meta);
  if (meta.freelistPage !== null) readFreelist(pages, meta.freelistPage);
  return {
    ...metaPages,
    *buckets() {
      for (const leaf of leavesOf(pages, meta.rootPage, 'buckets')) yield* bucketsIn(pages, leaf);
      if (meta.freelistPage !== null) pages.refuseLost();
    },
    get pagesSeen() {
      return pages.accountedFor;
    },
  };
}

function* bucketsIn(pages: Pages, { page, bytes, tableFrom, count, dataFrom, dataTo }: Leaf): Generator<Bucket, void> {
  // It is held while its buckets are read. etcd has eleven.
  if (dataTo > PAGE_KINDS.branch.bytesMax) throw new Damage('page-too-large', page, `${count} buckets in ${dataTo} bytes`);
  const held = new DataView(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + dataTo));
  for (let index = 0, at = dataFrom; index < count; index += 1) {
    const keyBytes = held.getUint32(tableFrom + index * LEAF_ENTRY_BYTES + 8, true);
    const valueBytes = held.getUint32(tableFrom + index * LEAF_ENTRY_BYTES + 12, true);
    const nameBytes = new DataView(held.buffer, at, keyBytes);
    const value = new DataView(held.buffer, at + keyBytes, valueBytes);
    at += keyBytes + valueBytes;
    if (valueBytes < BUCKET_HEADER_BYTES) throw new Damage('bucket-entry', page, `a bucket of ${valueBytes} bytes`);
    const root = readU64(value, 0);
    yield { name: Buffer.from(held.buffer, nameBytes.byteOffset, keyBytes).toString(), nameBytes, leaves: () => (root === 0 ? inline(page, value) : leavesOf(pages, root, 'records')) };
  }
}

/** A bucket too small for a page of its own: its page is the value of the entry. */
function* inline(page: number, value: DataView): Generator<Leaf, void> {
  if (value.byteLength < BUCKET_HEADER_BYTES + PAGE_HEADER_BYTES) throw new Damage('bucket-entry', page, `an inline bucket of ${value.byteLength} bytes`);
  const flags = value.getUint16(BUCKET_HEADER_BYTES + 8, true);
  if (flags !== PAGE_KINDS.leaf.flags) throw new Damage('page-kind', page, `an inline bucket with flags 0x${flags.toString(16)}`);
  yield leafOf(page, value, BUCKET_HEADER_BYTES, value.getUint16(BUCKET_HEADER_BYTES + 10, true), 'records');
}
