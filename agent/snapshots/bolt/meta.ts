import type { ByteRanges } from './byte-ranges.ts';
import { Damage } from './damage.ts';
import { readU64 } from './read-u64.ts';

/** What one of the two meta pages says of a database; bbolt writes them in turns. */
export interface Meta {
  readonly pageSize: number;
  readonly rootPage: number;
  /** null where the list of free pages is not kept, as etcd has it. */
  readonly freelistPage: number | null;
  /** Pages below it are in use or free; from it on there is none. */
  readonly highWater: number;
  readonly txid: bigint;
}

export interface MetaPages {
  /** The valid one with the larger transaction id. */
  readonly meta: Meta;
  /** 1 after a write that was cut off; a snapshot is always written with both. */
  readonly valid: 1 | 2;
}

/** bbolt takes the machine's: no kernel has smaller or larger ones. */
const PAGE_SIZES = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];
/** 1 TiB of the usual pages: a bit for each of them is kept, 32 MiB. */
const PAGES_MAX = 2 ** 28;
const MAGIC = 0xed0cdaed;
const VERSION = 2;
const META_KIND = 0x04;
const HEADER_BYTES = 16;
const CHECKED_BYTES = 56;
const META_BYTES = HEADER_BYTES + CHECKED_BYTES + 8;
const NO_FREELIST = 0xffff_ffff_ffff_ffffn;

/** @throws {Damage} */
export function readMetaPages(database: ByteRanges): MetaPages {
  const first = metaAt(database, 0, 0);
  const sizes = first === null ? PAGE_SIZES : [first.pageSize];
  // The second one lies one page on; where the first does not say how long a page is, each length is tried (as bbolt does).
  const second = sizes.map((size) => metaAt(database, size, 1)).find((meta) => meta !== null && sizes.includes(meta.pageSize)) ?? null;
  const meta = first === null || (second !== null && second.txid > first.txid) ? second : first;
  if (meta === null) throw new Damage('meta-invalid', null, 'neither of the two meta pages is valid');
  return { meta: bounded(meta, database.size), valid: first === null || second === null ? 1 : 2 };
}

/** Whether anything at all looks like bbolt's. */
export function hasMagic(database: ByteRanges): boolean {
  return [0, ...PAGE_SIZES].some((offset) => offset + META_BYTES <= database.size && database.read(offset, META_BYTES).getUint32(HEADER_BYTES, true) === MAGIC);
}

function metaAt(database: ByteRanges, offset: number, id: number): Meta | null {
  if (offset + META_BYTES > database.size) return null;
  const page = database.read(offset, META_BYTES);
  if (readU64(page, 0) !== id || page.getUint16(8, true) !== META_KIND) return null;
  const at = HEADER_BYTES;
  if (page.getUint32(at, true) !== MAGIC || page.getUint32(at + 4, true) !== VERSION) return null;
  if (page.getBigUint64(at + CHECKED_BYTES, true) !== fnv1a64(page, at, at + CHECKED_BYTES)) return null;
  const freelist = page.getBigUint64(at + 32, true);
  return {
    pageSize: page.getUint32(at + 8, true),
    rootPage: readU64(page, at + 16),
    freelistPage: freelist === NO_FREELIST ? null : Number(freelist),
    highWater: readU64(page, at + 40),
    txid: page.getBigUint64(at + 48, true),
  };
}

/** A checksum only says that what was written is there: whoever made the file may have written anything. */
function bounded(meta: Meta, size: number): Meta {
  const { pageSize, rootPage, freelistPage, highWater } = meta;
  const bad = (what: string): never => {
    throw new Damage('meta-out-of-bounds', null, `the meta page names ${what}`);
  };
  if (!PAGE_SIZES.includes(pageSize)) bad(`pages of ${pageSize} bytes`);
  if (highWater > PAGES_MAX) bad(`${highWater} pages in all`);
  if (rootPage < 2 || rootPage >= highWater) bad(`page ${rootPage} of ${highWater} as its root`);
  if (freelistPage !== null && (freelistPage < 2 || freelistPage >= highWater)) bad(`page ${freelistPage} of ${highWater} as its list of free pages`);
  if (highWater * pageSize > size) throw new Damage('too-short', null, `the database has ${size} bytes of the ${highWater * pageSize} that its meta page counts`);
  return meta;
}

function fnv1a64(bytes: DataView, from: number, to: number): bigint {
  let hash = 0xcbf2_9ce4_8422_2325n;
  for (let at = from; at < to; at += 1) hash = BigInt.asUintN(64, (hash ^ BigInt(bytes.getUint8(at))) * 0x100_0000_01b3n);
  return hash;
}
