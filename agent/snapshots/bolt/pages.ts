import type { ByteRanges } from './byte-ranges.ts';
import { Damage } from './damage.ts';
import type { Meta } from './meta.ts';
import { PageSet } from './page-set.ts';
import { readU64 } from './read-u64.ts';

export const PAGE_HEADER_BYTES = 16;
/** What a page of this kind may have; bbolt gives a page more than one page's length only to hold a few long entries. */
export const PAGE_KINDS = {
  branch: { flags: 0x01, bytesMax: 1 << 20 },
  // Four values, each of the most that a member takes in one request with its limit raised as far as etcd advises (10 MiB).
  leaf: { flags: 0x02, bytesMax: 64 << 20 },
  freelist: { flags: 0x10, bytesMax: 64 << 20 },
} as const;
export type PageKind = keyof typeof PAGE_KINDS;

/** A page and what overflows it. The bytes hold until the next page is read. */
export interface Page {
  readonly id: number;
  readonly kind: PageKind;
  readonly count: number;
  readonly bytes: DataView;
}

/** The pages of one database: each is handed out once, whole, within bounds, and of the kind that was asked for. */
export class Pages {
  readonly #database: ByteRanges;
  readonly #meta: Meta;
  readonly #seen: PageSet;
  readonly #freed: PageSet;
  #seenCount = 2;
  #freedCount = 0;

  constructor(database: ByteRanges, meta: Meta) {
    this.#database = database;
    this.#meta = meta;
    this.#seen = new PageSet(meta.highWater);
    this.#freed = new PageSet(meta.highWater);
    this.#seen.add(0);
    this.#seen.add(1);
  }

  get highWater(): number {
    return this.#meta.highWater;
  }

  /** How many pages were handed out or are free. */
  get accountedFor(): number {
    return this.#seenCount + this.#freedCount;
  }

  /** @throws {Damage} */
  take(id: number, kinds: readonly PageKind[]): Page {
    const { pageSize, highWater } = this.#meta;
    if (id < 2 || id >= highWater) throw new Damage('page-out-of-bounds', id, `there are ${highWater} pages`);
    if (this.#seen.has(id)) throw new Damage('page-twice', id, 'pointed at twice');
    const header = this.#database.read(id * pageSize, PAGE_HEADER_BYTES);
    const flags = header.getUint16(8, true);
    const count = header.getUint16(10, true);
    const pages = header.getUint32(12, true) + 1;
    if (readU64(header, 0) !== id) throw new Damage('page-kind', id, `says that it is page ${readU64(header, 0)}`);
    const kind = kinds.find((each) => PAGE_KINDS[each].flags === flags);
    if (kind === undefined) throw new Damage('page-kind', id, `has flags 0x${flags.toString(16)} where a ${kinds.join(' or ')} page stands`);
    if (id + pages > highWater) throw new Damage('page-out-of-bounds', id, `reaches to page ${id + pages - 1} of ${highWater}`);
    if (pages > 1 && pages * pageSize > PAGE_KINDS[kind].bytesMax) throw new Damage('page-too-large', id, `${pages * pageSize} bytes of a ${kind} page`);
    for (let each = id; each < id + pages; each += 1) this.#claim(each);
    return { id, kind, count, bytes: this.#database.read(id * pageSize, pages * pageSize) };
  }

  /** @throws {Damage} */
  free(id: number, listedOn: number): void {
    if (id < 2 || id >= this.highWater) throw new Damage('freelist-entry', listedOn, `frees page ${id} of ${this.highWater}`);
    if (this.#seen.has(id)) throw new Damage('page-freed', id, `free by page ${listedOn}, and pointed at`);
    if (!this.#freed.add(id)) throw new Damage('freelist-entry', listedOn, `frees page ${id} twice`);
    this.#freedCount += 1;
  }

  /** @throws {Damage} for the first page that is neither in use nor free. */
  refuseLost(): void {
    if (this.accountedFor === this.highWater) return;
    for (let id = 2; id < this.highWater; id += 1) {
      if (!this.#seen.has(id) && !this.#freed.has(id)) throw new Damage('page-lost', id, 'neither pointed at nor free');
    }
  }

  #claim(id: number): void {
    if (this.#freed.has(id)) throw new Damage('page-freed', id, 'pointed at, and in the list of free pages');
    if (!this.#seen.add(id)) throw new Damage('page-twice', id, 'pointed at twice');
    this.#seenCount += 1;
  }
}
