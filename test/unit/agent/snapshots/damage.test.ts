import { describe, expect, test } from 'vitest';

import type { DamageCode } from '../../../../agent/snapshots/bolt/damage.ts';
import { boltFile, BRANCH, FREELIST, LEAF, withChecksums } from '../../../support/bolt-file.ts';
import { putRecord, revisionKey, tombstone } from '../../../support/etcd-records.ts';
import { SAMPLE_DATASTORE } from '../../../support/sample-datastore.ts';
import { walkDatabase } from '../../../support/walk-database.ts';

const PAGE = 1024;
const ENTRY = 16;
const META = 16;
const file = boltFile(SAMPLE_DATASTORE);
const pages = file.length / PAGE;
const root = Number(file.readBigUInt64LE(META + 16));
const freelist = Number(file.readBigUInt64LE(META + 32));
const firstFree = freelist - 3;
const kinds = Array.from({ length: pages }, (_none, id) => (file.readBigUInt64LE(id * PAGE) === BigInt(id) ? file.readUInt16LE(id * PAGE + 8) : 0));
const leaf = kinds.indexOf(LEAF);
const branch = kinds.indexOf(BRANCH);
const topBranch = kinds.lastIndexOf(BRANCH);
const overflowing = kinds.findIndex((kind, id) => kind === LEAF && file.readUInt32LE(id * PAGE + 12) > 0);
/** Where an entry of a page lies in the file. */
const entryOf = (page: number, index = 0): number => page * PAGE + ENTRY + index * ENTRY;
const childOf = (page: number, index: number): number => Number(file.readBigUInt64LE(entryOf(page, index) + 8));
const keyOf = (page: number, index: number): number => entryOf(page, index) + file.readUInt32LE(entryOf(page, index) + (kinds[page] === BRANCH ? 0 : 4));
const inlineMeta = (mutated: Buffer): number => mutated.indexOf('consistent_index') - 5 * ENTRY - ENTRY;

/** The code, and the page it names, of the sample after some bytes of it were written anew. */
function damageOf(write: (mutated: Buffer) => void): { readonly code: DamageCode | undefined; readonly page: number | null | undefined } {
  const mutated = Buffer.from(file);
  write(mutated);
  const { damage } = walkDatabase(mutated);
  return { code: damage?.code, page: damage?.page };
}

/** Both meta pages say it, with a checksum that is right. */
const meta = (offset: number, value: number) => (mutated: Buffer): void => {
  for (const at of [0, PAGE]) mutated.writeBigUInt64LE(BigInt(value), at + META + offset);
  withChecksums(mutated);
};

test('the sample has every kind of page, and no damage', () => {
  expect(walkDatabase(file).damage).toBeNull();
  expect([leaf, branch, topBranch, overflowing, kinds.indexOf(FREELIST)].every((page) => page > 1)).toBe(true);
  expect(topBranch).not.toBe(branch);
  expect(inlineMeta(file)).toBeGreaterThan(0);
});

describe('of a meta page', () => {
  test.each<[string, number]>([['magic', 16], ['version', 20], ['root', 32], ['checksum', 72], ['kind of page', 8], ['number', 0]])('a wrong %s in both is seen', (_name, offset) => {
    expect(damageOf((mutated) => { for (const at of [0, PAGE]) mutated[at + offset]! ^= 0x10; })).toEqual({ code: 'meta-invalid', page: null });
  });

  test.each<[string, number, number, DamageCode]>([
    ['no root', 16, 0, 'meta-out-of-bounds'],
    ['a root past the last page', 16, pages, 'meta-out-of-bounds'],
    ['a list of free pages past the last page', 32, pages, 'meta-out-of-bounds'],
    ['a list of free pages in a meta page', 32, 1, 'meta-out-of-bounds'],
    ['no pages', 40, 2, 'meta-out-of-bounds'],
    ['more pages than a bit can be kept for', 40, 2 ** 40, 'meta-out-of-bounds'],
    ['a page more than there is', 40, pages + 1, 'too-short'],
    ['the list of free pages as its root', 16, freelist, 'page-twice'],
    ['the root as its list of free pages', 32, root, 'page-kind'],
    ['a leaf of records as its root', 16, leaf, 'bucket-entry'],
  ])('%s is seen', (_name, offset, value, code) => {
    expect(damageOf(meta(offset, value)).code).toBe(code);
  });

  test.each<[string, number]>([['magic', 16], ['version', 20]])('a wrong %s is seen though its checksum is right', (_name, offset) => {
    expect(damageOf((mutated) => { for (const at of [0, PAGE]) mutated[at + offset]! ^= 0x10; withChecksums(mutated); })).toEqual({ code: 'meta-invalid', page: null });
  });

  test('pages of an odd length are seen', () => {
    expect(damageOf((mutated) => { for (const at of [0, PAGE]) mutated.writeUInt32LE(1000, at + META + 8); withChecksums(mutated); }).code).toBe('meta-out-of-bounds');
  });
});

describe('of pages', () => {
  test.each<[string, DamageCode, number, (mutated: Buffer) => void]>([
    ['another number than its own', 'page-kind', leaf, (mutated) => mutated.writeBigUInt64LE(99n, leaf * PAGE)],
    ['flags of no kind', 'page-kind', leaf, (mutated) => mutated.writeUInt16LE(0x03, leaf * PAGE + 8)],
    ['the flags of another kind', 'page-kind', leaf, (mutated) => mutated.writeUInt16LE(FREELIST, leaf * PAGE + 8)],
    ['more overflow than there are pages', 'page-out-of-bounds', leaf, (mutated) => mutated.writeUInt32LE(0xffff_ffff, leaf * PAGE + 12)],
    ['overflow into a page of others', 'page-twice', leaf + 1, (mutated) => mutated.writeUInt32LE(1, leaf * PAGE + 12)],
    ['overflow into a page that was read', 'page-twice', root, (mutated) => mutated.writeUInt32LE(1, (root - 1) * PAGE + 12)],
    ['more entries than fit', 'page-layout', leaf, (mutated) => mutated.writeUInt16LE(0xffff, leaf * PAGE + 10)],
    ['fewer entries than it has', 'page-layout', leaf, (mutated) => mutated.writeUInt16LE(1, leaf * PAGE + 10)],
    ['an entry that begins too late', 'page-layout', leaf, (mutated) => mutated.writeUInt32LE(mutated.readUInt32LE(entryOf(leaf, 1) + 4) + 1, entryOf(leaf, 1) + 4)],
    ['an entry in the one before it', 'page-layout', leaf, (mutated) => mutated.writeUInt32LE(mutated.readUInt32LE(entryOf(leaf, 1) + 4) - 1, entryOf(leaf, 1) + 4)],
    ['a value that ends past the page', 'page-layout', leaf, (mutated) => mutated.writeUInt32LE(0xffff_ffff, entryOf(leaf, 2) + 12)],
    ['a key of no bytes', 'key-length', leaf, (mutated) => { mutated.writeUInt32LE(0, entryOf(leaf) + 8); }],
    ['a bucket among records', 'bucket-entry', leaf, (mutated) => mutated.writeUInt32LE(1, entryOf(leaf))],
    ['a record among buckets', 'bucket-entry', root, (mutated) => mutated.writeUInt32LE(0, entryOf(root, 2))],
    ['keys that do not ascend', 'key-order', leaf, (mutated) => mutated.writeUInt8(9, keyOf(leaf, 0) + 7)],
    ['equal keys', 'key-order', leaf, (mutated) => mutated.copy(mutated, keyOf(leaf, 1), keyOf(leaf, 0), keyOf(leaf, 0) + 17)],
    ['a key that the page after it begins with', 'key-range', childOf(branch, 0), (mutated) => mutated.copy(mutated, keyOf(childOf(branch, 0), 2), keyOf(branch, 1), keyOf(branch, 1) + 17)],
    ['a key that the branch after it begins with', 'key-range', childOf(branch, 2), (mutated) => mutated.writeUInt8(0xf0, keyOf(childOf(branch, 2), 2) + 7)],
    ['a key of the page before it', 'key-range', childOf(branch, 1), (mutated) => mutated.writeUInt8(1, keyOf(childOf(branch, 1), 0) + 7)],
    ['keys of a branch that do not ascend', 'key-order', branch, (mutated) => mutated.copy(mutated, keyOf(branch, 2), keyOf(branch, 1), keyOf(branch, 1) + 17)],
    ['a branch without entries', 'page-layout', branch, (mutated) => mutated.writeUInt16LE(0, branch * PAGE + 10)],
    ['a branch that leads to itself', 'page-twice', branch, (mutated) => mutated.writeBigUInt64LE(BigInt(branch), entryOf(branch) + 8)],
    ['a branch that leads to the page above', 'page-twice', topBranch, (mutated) => mutated.writeBigUInt64LE(BigInt(topBranch), entryOf(branch) + 8)],
    ['a branch that leads to a leaf twice', 'page-twice', childOf(branch, 0), (mutated) => mutated.writeBigUInt64LE(BigInt(childOf(branch, 0)), entryOf(branch, 1) + 8)],
    ['a branch that leads past the last page', 'page-out-of-bounds', pages, (mutated) => mutated.writeBigUInt64LE(BigInt(pages), entryOf(branch) + 8)],
    ['a branch that leads far past it', 'page-out-of-bounds', 2 ** 64, (mutated) => mutated.writeBigUInt64LE(2n ** 64n - 1n, entryOf(branch) + 8)],
    ['a branch that leads to a meta page', 'page-out-of-bounds', 1, (mutated) => mutated.writeBigUInt64LE(1n, entryOf(branch) + 8)],
    ['a branch that leads to a free page', 'page-freed', firstFree, (mutated) => { mutated.writeBigUInt64LE(BigInt(firstFree), entryOf(branch) + 8); mutated.writeUInt16LE(LEAF, firstFree * PAGE + 8); }],
    ['a page that is lost', 'page-lost', firstFree, (mutated) => { mutated.writeUInt16LE(2, freelist * PAGE + 10); mutated.copy(mutated, entryOf(freelist), entryOf(freelist) + 8, entryOf(freelist) + 24); }],
    ['a free page that is none', 'freelist-entry', freelist, (mutated) => mutated.writeBigUInt64LE(BigInt(pages), entryOf(freelist))],
    ['a free page twice', 'freelist-entry', freelist, (mutated) => mutated.writeBigUInt64LE(BigInt(firstFree), entryOf(freelist) + 8)],
    ['the list of free pages itself', 'page-freed', freelist, (mutated) => mutated.writeBigUInt64LE(BigInt(freelist), entryOf(freelist))],
    ['more free pages than the list has room for', 'page-layout', freelist, (mutated) => mutated.writeUInt16LE(200, freelist * PAGE + 10)],
    ['a long list without room for it', 'page-layout', freelist, (mutated) => { mutated.writeUInt16LE(0xffff, freelist * PAGE + 10); mutated.writeBigUInt64LE(2n ** 61n, entryOf(freelist)); }],
    ['a bucket of less than its header', 'bucket-entry', root, (mutated) => { mutated.writeUInt32LE(25, entryOf(root) + 8); mutated.writeUInt32LE(12, entryOf(root) + 12); }],
    ['an inline bucket of less than a page has', 'bucket-entry', root, (mutated) => { mutated.writeUInt32LE(13, entryOf(root) + 8); mutated.writeUInt32LE(24, entryOf(root) + 12); }],
    ['an inline bucket without room for its table', 'page-layout', root, (mutated) => mutated.writeUInt16LE(1, keyOf(root, 0) + 'alarm'.length + ENTRY + 10)],
    ['an inline bucket of another kind', 'page-kind', root, (mutated) => mutated.writeUInt16LE(BRANCH, inlineMeta(mutated) + 8)],
    ['an inline bucket with more entries than it has', 'page-layout', root, (mutated) => mutated.writeUInt16LE(500, inlineMeta(mutated) + 10)],
    ['an inline bucket whose value ends past it', 'page-layout', root, (mutated) => mutated.writeUInt32LE(64, inlineMeta(mutated) + ENTRY + 4 * ENTRY + 12)],
  ])('%s: %s', (_name, code, page, write) => {
    expect(damageOf(write)).toEqual({ code, page });
  });
});

test('a list of free pages that begins with its length is read as one that does not', () => {
  const long = Buffer.from(file);
  long.copy(long, entryOf(freelist) + 8, entryOf(freelist), entryOf(freelist) + 24);
  long.writeBigUInt64LE(3n, entryOf(freelist));
  long.writeUInt16LE(0xffff, freelist * PAGE + 10);
  expect(walkDatabase(long)).toEqual(walkDatabase(file));
});

describe('past a limit', () => {
  const KEY_PAGE = 65_536;
  const damage = (mutated: Buffer): DamageCode | undefined => walkDatabase(mutated).damage?.code;
  const large = boltFile({ pageSize: KEY_PAGE, buckets: [{ name: 'key', entries: [putRecord(2, '/a', Buffer.alloc(2 << 20))] }] });

  test('a branch of more than a branch has', () => {
    expect(damage(large)).toBeUndefined();
    const mutated = Buffer.from(large);
    mutated.writeUInt16LE(BRANCH, 2 * KEY_PAGE + 8);
    expect(damage(mutated)).toBe('page-too-large');
  });

  test('more buckets than are held', () => {
    expect(damage(boltFile({ buckets: [{ name: 'key', inline: true, entries: [putRecord(2, '/a', Buffer.alloc(2 << 20))] }] }))).toBe('page-too-large');
  });

  test.each([[32_768, undefined], [32_769, 'key-length']])('a key of %i bytes: %s', (bytes, code) => {
    expect(damage(boltFile({ pageSize: KEY_PAGE, buckets: [{ name: 'key', entries: [] }, { name: 'lease', entries: [[Buffer.alloc(bytes), Buffer.from('x')]] }] }))).toBe(code);
  });

  test.each([[32, undefined], [33, 'tree-too-deep']])('a tree of %i pages, one below the other: %s', (depth, code) => {
    const chain = boltFile({ buckets: [{ name: 'key', perPage: 2, entries: Array.from({ length: 80 }, (_none, index) => putRecord(index + 2, '/a', 'x')) }] });
    const top = chain.readUInt16LE(2 * PAGE + 8) === LEAF ? 2 + 40 - depth : Number.NaN;
    const last = top + depth - 1;
    for (let page = top; page < last; page += 1) {
      chain.writeUInt16LE(BRANCH, page * PAGE + 8);
      chain.writeUInt16LE(1, page * PAGE + 10);
      chain.writeUInt32LE(ENTRY, page * PAGE + ENTRY);
      chain.writeUInt32LE(17, page * PAGE + ENTRY + 4);
      chain.writeBigUInt64LE(BigInt(page + 1), page * PAGE + ENTRY + 8);
      revisionKey(2).copy(chain, page * PAGE + 2 * ENTRY);
    }
    const bucket = Number(chain.readBigUInt64LE(META + 16)) * PAGE + 2 * ENTRY + 'key'.length;
    chain.writeBigUInt64LE(BigInt(top), bucket);
    expect(damage(chain)).toBe(code);
  });
});

describe('of what etcd keeps', () => {
  const bad = (entries: Parameters<typeof boltFile>[0]['buckets'][number]['entries']): DamageCode | undefined => walkDatabase(boltFile({ buckets: [{ name: 'key', entries }] })).damage?.code;
  const [key, value] = putRecord(2, '/a', 'x');
  const [deleting] = tombstone(2, '/a');

  test.each<[string, Buffer, Buffer]>([
    ['a short revision', key.subarray(0, 16), value],
    ['a revision with another mark than a tombstone has', Buffer.concat([key, Buffer.from('x')]), value],
    ['a revision without its line', Buffer.from(key).fill('-', 8, 9), value],
    ['a revision past 2^53', Buffer.concat([Buffer.alloc(8, 0xff), deleting.subarray(8)]), value],
    ['a value that says another revision', revisionKey(3), value],
    ['a value that is cut off', key, value.subarray(0, value.length - 1)],
    ['a value that is no message', deleting, Buffer.from([0x0f, 1])],
    ['a value with a field of number 0', deleting, Buffer.from([0x00, 1])],
    ['a number without an end', deleting, Buffer.alloc(20, 0xff)],
    ['a key longer than its record', deleting, Buffer.from([0x0a, 0x7f, 1])],
  ])('%s', (_name, wrongKey, wrongValue) => {
    expect(bad([[wrongKey, wrongValue]])).toBe('record');
  });

  test('fields that nobody knows yet are passed over', () => {
    expect(bad([[key, Buffer.concat([value, Buffer.from([0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7d, 1, 2, 3, 4, 0x7a, 1, 0])])]])).toBeUndefined();
  });

  test('a database without keys is no datastore', () => {
    expect(walkDatabase(boltFile({ buckets: [{ name: 'meta', entries: [] }] })).damage?.code).toBe('bucket-entry');
  });
});
