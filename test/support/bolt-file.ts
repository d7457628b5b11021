import { createHash } from 'node:crypto';

import type { ByteRanges } from '../../agent/snapshots/bolt/byte-ranges.ts';

/** A database as bbolt lays it out, by hand: small pages of few entries, so that little content makes a deep tree. */
export interface SampleDatabase {
  readonly buckets: readonly SampleBucket[];
  /** Written where it is given: the list of free pages, each of which is left empty. */
  readonly freePages?: number;
  readonly pageSize?: number;
}

export interface SampleBucket {
  readonly name: string;
  readonly entries: readonly Entry[];
  /** Its page lies in the entry that names it. */
  readonly inline?: boolean;
  /** Entries on a leaf, and pages below a branch. */
  readonly perPage?: number;
}

export type Entry = readonly [key: Buffer, value: Buffer];

const HEADER = 16;
const NO_FREELIST = 0xffff_ffff_ffff_ffffn;
export const BRANCH = 0x01;
export const LEAF = 0x02;
export const FREELIST = 0x10;

export function boltFile({ buckets, freePages, pageSize = 1024 }: SampleDatabase): Buffer {
  const pages: Buffer[] = [Buffer.alloc(pageSize), Buffer.alloc(pageSize)];
  const add = (page: Buffer): number => {
    const id = pages.length;
    page.writeBigUInt64LE(BigInt(id), 0);
    const padded = Buffer.concat([page, Buffer.alloc((pageSize - (page.length % pageSize)) % pageSize)]);
    padded.writeUInt32LE(padded.length / pageSize - 1, 12);
    for (let at = 0; at < padded.length; at += pageSize) pages.push(padded.subarray(at, at + pageSize));
    return id;
  };
  const tree = (entries: readonly Entry[], flags: number, perPage: number): number => {
    let level = (entries.length === 0 ? [[]] : chunks(entries, perPage)).map((each) => ({ least: each[0]?.[0] ?? Buffer.alloc(0), id: add(leafPage(each, flags)) }));
    while (level.length > 1) level = chunks(level, perPage).map((each) => ({ least: each[0]?.least ?? Buffer.alloc(0), id: add(branchPage(each)) }));
    return level[0]?.id ?? Number.NaN;
  };
  const root = tree(
    buckets.map(({ name, entries, inline = false, perPage = 4 }) => [Buffer.from(name), inline ? Buffer.concat([Buffer.alloc(HEADER), leafPage(entries, 0)]) : bucketHeader(tree(entries, 0, perPage))]),
    1,
    16,
  );
  const freelist = freePages === undefined ? NO_FREELIST : BigInt(add(freelistPage(Array.from({ length: freePages }, () => add(Buffer.alloc(HEADER))))));
  for (const id of [0, 1]) {
    const meta = pages[id]!;
    meta.writeUInt16LE(0x04, 8);
    meta.writeBigUInt64LE(BigInt(id), 0);
    meta.writeUInt32LE(0xed0cdaed, 16);
    meta.writeUInt32LE(2, 20);
    meta.writeUInt32LE(pageSize, 24);
    meta.writeBigUInt64LE(BigInt(root), 32);
    meta.writeBigUInt64LE(freelist, 48);
    meta.writeBigUInt64LE(BigInt(pages.length), 56);
    meta.writeBigUInt64LE(BigInt(7 - id), 64);
  }
  return withChecksums(Buffer.concat(pages), pageSize);
}

/** Both meta pages with the checksum of what they say now. */
export function withChecksums(file: Buffer, pageSize = 1024): Buffer {
  for (const at of [0, pageSize]) {
    let hash = 0xcbf2_9ce4_8422_2325n;
    for (const byte of file.subarray(at + HEADER, at + HEADER + 56)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100_0000_01b3n);
    file.writeBigUInt64LE(hash, at + HEADER + 56);
  }
  return file;
}

/** As a snapshot ends. */
export function withTrailer(file: Buffer): Buffer {
  return Buffer.concat([file, createHash('sha256').update(file).digest()]);
}

/** Bytes in memory, no two of which hold at the same time, as those of a file do. */
export function rangesOf(file: Buffer): ByteRanges {
  let lent = Buffer.alloc(0);
  return {
    size: file.length,
    read(offset, length) {
      if (offset < 0 || length < 0 || offset + length > file.length) throw new RangeError(`${length} bytes at ${offset}`);
      lent.fill(0xee);
      lent = Buffer.from(new Uint8Array(file.subarray(offset, offset + length)).buffer);
      return new DataView(lent.buffer, lent.byteOffset, length);
    },
  };
}

function leafPage(entries: readonly Entry[], entryFlags: number): Buffer {
  const table = Buffer.alloc(HEADER + entries.length * 16);
  table.writeUInt16LE(LEAF, 8);
  table.writeUInt16LE(entries.length, 10);
  let data = table.length;
  for (const [index, [key, value]] of entries.entries()) {
    const at = HEADER + index * 16;
    table.writeUInt32LE(entryFlags, at);
    table.writeUInt32LE(data - at, at + 4);
    table.writeUInt32LE(key.length, at + 8);
    table.writeUInt32LE(value.length, at + 12);
    data += key.length + value.length;
  }
  return Buffer.concat([table, ...entries.flat()]);
}

function branchPage(children: readonly { readonly least: Buffer; readonly id: number }[]): Buffer {
  const table = Buffer.alloc(HEADER + children.length * 16);
  table.writeUInt16LE(BRANCH, 8);
  table.writeUInt16LE(children.length, 10);
  let data = table.length;
  for (const [index, { least, id }] of children.entries()) {
    const at = HEADER + index * 16;
    table.writeUInt32LE(data - at, at);
    table.writeUInt32LE(least.length, at + 4);
    table.writeBigUInt64LE(BigInt(id), at + 8);
    data += least.length;
  }
  return Buffer.concat([table, ...children.map(({ least }) => least)]);
}

function freelistPage(ids: readonly number[]): Buffer {
  const page = Buffer.alloc(HEADER + ids.length * 8);
  page.writeUInt16LE(FREELIST, 8);
  page.writeUInt16LE(ids.length, 10);
  for (const [index, id] of ids.entries()) page.writeBigUInt64LE(BigInt(id), HEADER + index * 8);
  return page;
}

function bucketHeader(root: number): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeBigUInt64LE(BigInt(root), 0);
  return header;
}

function chunks<T>(all: readonly T[], length: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / length) }, (_none, index) => all.slice(index * length, (index + 1) * length));
}
