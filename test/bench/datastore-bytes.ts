import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { seededDice } from '../support/seeded-dice.ts';

const PAGE_BYTES = 4096;
/** No compressor at a fast level looks back so far: repeated, it is as good as new. */
const DRAWN_BYTES = 32 * 1024 * 1024;
const KINDS = ['Pod', 'Lease', 'Event', 'EndpointSlice', 'ConfigMap', 'Secret', 'ReplicaSet', 'Node'];

/** Writes a file of such pages, as many as fit. */
export async function writeDatastoreBytes(path: string, sizeBytes: number): Promise<void> {
  const drawn = datastorePages();
  const pieces = function* (): Generator<Buffer> {
    for (let left = sizeBytes; left > 0; left -= drawn.length) yield drawn.subarray(0, left);
  };
  await pipeline(Readable.from(pieces()), createWriteStream(path));
}

/** Pages that are as full and as alike as those of a database of Kubernetes objects: zstd -1 leaves a fifth of them. */
export function datastorePages(): Buffer {
  const dice = seededDice(1);
  const hex = (digits: number): string => Array.from({ length: Math.ceil(digits / 8) }, () => dice.int(0, 0xffff_ffff).toString(16).padStart(8, '0')).join('').slice(0, digits);
  const pages = Buffer.alloc(DRAWN_BYTES);
  for (let page = 0; page < DRAWN_BYTES; page += PAGE_BYTES) {
    pages.writeUInt32LE(page / PAGE_BYTES, page);
    // A page is split when it is full, and half of it is free then.
    const filledBytes = dice.int(PAGE_BYTES / 2, PAGE_BYTES);
    for (let at = page + 16; at < page + filledBytes; ) at += pages.write(objectOf(dice.pick(KINDS), dice.int(1, 9_999), hex), at, page + filledBytes - at, 'latin1') || filledBytes;
  }
  return pages;
}

function objectOf(kind: string, number: number, hex: (digits: number) => string): string {
  const name = `workload-${number}-${hex(10)}-${hex(5)}`;
  return `k8s\x00\n\x0c\n\x02v1\x12${kind}\x12/registry/${kind.toLowerCase()}s/tenant-${number % 40}/${name}\x1a\x00"\x00*$${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}2\x008\x00B\x08pod-template-hash\x12${hex(10)}j3ReplicaSet\x1aapps/v1"${name}*$${hex(36)}`
    + `z\x0fkubelet\x12Update\x1av1"\x08FieldsV12${'{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":'}"${name}"image: registry/${hex(12)}@sha256:${hex(64)}`;
}
