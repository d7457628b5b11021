/**
 * What can be wrong with a database.
 *
 * meta-invalid          neither of the two meta pages holds: magic, version, checksum, kind of page
 * meta-out-of-bounds    a meta page whose checksum is right names what no database has
 * too-short             the file ends before the last page that the meta page counts
 * page-out-of-bounds    a page past the high-water mark, or one of the meta pages, is pointed at
 * page-twice            a page is pointed at twice
 * page-freed            a page that is pointed at stands in the list of free pages
 * page-lost             a page is neither pointed at nor free
 * page-kind             a page is not of the kind that stands in this place, or says it is another page
 * page-too-large        larger than bbolt ever writes one of its kind
 * page-layout           its entries do not lie one after the other within the page
 * key-length            a key of no byte, or longer than bbolt takes
 * key-order             keys of a page do not ascend
 * key-range             a key lies outside of what the page above gives to this one
 * tree-too-deep         deeper than a tree of so many pages can be
 * bucket-entry          an entry that is no bucket where buckets stand, or a bucket where records stand
 * freelist-entry        a free page that does not exist, or one that is freed twice
 * record                a record of keys that is none: its revision or its value
 */
export type DamageCode =
  | 'meta-invalid'
  | 'meta-out-of-bounds'
  | 'too-short'
  | 'page-out-of-bounds'
  | 'page-twice'
  | 'page-freed'
  | 'page-lost'
  | 'page-kind'
  | 'page-too-large'
  | 'page-layout'
  | 'key-length'
  | 'key-order'
  | 'key-range'
  | 'tree-too-deep'
  | 'bucket-entry'
  | 'freelist-entry'
  | 'record';

/** Thrown where a database is read, and turned into data at the door: nothing after the first damage can be trusted. */
export class Damage extends Error {
  readonly code: DamageCode;
  /** null where it is not about one page. */
  readonly page: number | null;

  constructor(code: DamageCode, page: number | null, message: string) {
    super(page === null ? message : `page ${page}: ${message}`);
    this.code = code;
    this.page = page;
  }
}
