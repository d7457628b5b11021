import { createHash } from 'node:crypto';

/**
 * The parts of an .rpm before its payload, as rpm's "Package format V4" lays them out: a lead that nobody reads any more, the
 * signature header, the header. A header is a magic, two counts, an index of 16 bytes an entry, and what it points to.
 */
const MAGIC = Buffer.from('8eade80100000000', 'hex');
const ENTRY_BYTES = 16;
const TYPE_STRING = 6;
const TYPE_BIN = 7;
/** RPMTAG_HEADERSIGNATURES: frames the whole signature header. */
const REGION = 62;
/** RPMSIGTAG_SHA256: of the header. */
const SHA256 = 273;

/** Binary, but for a digest. */
export interface SignatureEntry {
  readonly tag: number;
  readonly data: Buffer;
}

export function leadOf(name: string): Buffer {
  const lead = Buffer.alloc(96);
  lead.writeUInt32BE(0xedabeedb, 0);
  lead.writeUInt8(3, 4);
  lead.writeUInt16BE(1, 8);
  lead.write(name.slice(0, 65), 10, 'latin1');
  lead.writeUInt16BE(1, 76);
  // "Header-style signature".
  lead.writeUInt16BE(5, 78);
  return lead;
}

/** @param base64 the database's own copy of it, counts first. @returns null where it is not whole. */
export function headerOf(base64: string): Buffer | null {
  const body = Buffer.from(base64, 'base64');
  if (body.length < 8 || body.length !== 8 + body.readUInt32BE(0) * ENTRY_BYTES + body.readUInt32BE(4)) return null;
  return Buffer.concat([MAGIC, body]);
}

/** Padded to 8 bytes, as the header after it has to begin. */
export function signatureOf(header: Buffer, more: readonly SignatureEntry[]): Buffer {
  const digest = { tag: SHA256, type: TYPE_STRING, data: Buffer.from(`${createHash('sha256').update(header).digest('hex')}\0`) };
  const entries = [...more.map((one) => ({ ...one, type: TYPE_BIN })), digest].toSorted((a, b) => a.tag - b.tag);
  const count = entries.length + 1;
  const bytes = entries.reduce((sum, { data }) => sum + data.length, 0);
  const index: Buffer[] = [entryOf(REGION, TYPE_BIN, bytes, ENTRY_BYTES)];
  let offset = 0;
  for (const { tag, type, data } of entries) {
    index.push(entryOf(tag, type, offset, type === TYPE_BIN ? data.length : 1));
    offset += data.length;
  }
  const counts = Buffer.alloc(8);
  counts.writeUInt32BE(count, 0);
  counts.writeUInt32BE(bytes + ENTRY_BYTES, 4);
  // The region ends with an entry of its own, which points back over the whole index.
  const whole = Buffer.concat([MAGIC, counts, ...index, ...entries.map(({ data }) => data), entryOf(REGION, TYPE_BIN, -count * ENTRY_BYTES, ENTRY_BYTES)]);
  return Buffer.concat([whole, Buffer.alloc((8 - (whole.length % 8)) % 8)]);
}

function entryOf(tag: number, type: number, offset: number, count: number): Buffer {
  const entry = Buffer.alloc(ENTRY_BYTES);
  for (const [index, value] of [tag, type, offset, count].entries()) entry.writeInt32BE(value, index * 4);
  return entry;
}
