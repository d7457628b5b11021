import type { Entry } from './bolt-file.ts';

/** A record of the bucket `key`, as a member writes it for a put. */
export function putRecord(revision: number, key: string, value: string | Buffer, sub = 0): Entry {
  const fields = [bytesField(1, Buffer.from(key)), numberField(2, revision), numberField(3, revision), numberField(4, 1), bytesField(5, Buffer.from(value))];
  return [revisionKey(revision, sub), Buffer.concat(fields)];
}

/** And for a delete. */
export function tombstone(revision: number, key: string, sub = 0): Entry {
  return [Buffer.concat([revisionKey(revision, sub), Buffer.from('t')]), bytesField(1, Buffer.from(key))];
}

export function revisionKey(revision: number, sub = 0): Buffer {
  const key = Buffer.alloc(17);
  key.writeBigUInt64BE(BigInt(revision), 0);
  key.write('_', 8);
  key.writeBigUInt64BE(BigInt(sub), 9);
  return key;
}

export function number64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function bytesField(field: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([field * 8 + 2]), varint(content.length), content]);
}

function numberField(field: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([field * 8]), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push(left < 128 ? left : (left % 128) + 128);
    if (left < 128) return Buffer.from(bytes);
  }
}
