import { Damage } from '../bolt/damage.ts';

/** A key of the bucket `key`: main revision, `_`, sub revision, and `t` where it deletes. */
const REVISION_BYTES = 17;
const UNDERSCORE = 0x5f;
const TOMBSTONE = 0x74;

const KEY_FIELD = 1;
const MOD_REVISION_FIELD = 3;

/** One change of one key, as etcd keeps it. One object goes from record to record: there may be millions. */
export class KeyRecord {
  revision = 0;
  isTombstone = false;
  /** Where the key that was changed stands in the page; nothing for the mark that raises a restored database's revision. */
  keyFrom = 0;
  keyTo = 0;

  /** @throws {Damage} where it is not what etcd writes. */
  read(page: number, bytes: DataView, from: number, valueFrom: number, to: number): void {
    this.#readRevision(page, bytes, from, valueFrom);
    this.#readValue(page, bytes, valueFrom, to);
  }

  #readRevision(page: number, bytes: DataView, from: number, to: number): void {
    const tombstone = to - from === REVISION_BYTES + 1 && bytes.getUint8(to - 1) === TOMBSTONE;
    if ((to - from !== REVISION_BYTES && !tombstone) || bytes.getUint8(from + 8) !== UNDERSCORE) throw new Damage('record', page, `a record at ${from} whose key is no revision`);
    this.revision = revisionAt(bytes, from);
    if (!Number.isSafeInteger(this.revision)) throw new Damage('record', page, `a record at ${from} of revision ${this.revision}`);
    this.isTombstone = tombstone;
  }

  /** mvccpb.KeyValue; its value is left alone. */
  #readValue(page: number, bytes: DataView, from: number, to: number): void {
    let modRevision = 0;
    this.keyFrom = from;
    this.keyTo = from;
    const cursor = new Cursor(page, bytes, from, to);
    while (cursor.at < to) {
      const tag = cursor.varint();
      const field = Math.floor(tag / 8);
      if (field === 0) throw new Damage('record', page, `a record at ${from} with a field of no number`);
      switch (tag % 8) {
        case 0: {
          const value = cursor.varint();
          if (field === MOD_REVISION_FIELD) modRevision = value;
          break;
        }
        case 1:
          cursor.skip(8);
          break;
        case 2: {
          const length = cursor.varint();
          cursor.skip(length);
          if (field === KEY_FIELD) {
            this.keyFrom = cursor.at - length;
            this.keyTo = cursor.at;
          }
          break;
        }
        case 5:
          cursor.skip(4);
          break;
        default:
          throw new Damage('record', page, `a record at ${from} that is no message`);
      }
    }
    // A tombstone holds the key alone; the mark of a raised revision nothing at all.
    if (!this.isTombstone && to > from && modRevision !== this.revision) throw new Damage('record', page, `a record of revision ${this.revision} that says ${modRevision}`);
  }
}

/** The main revision of 8 + 1 + 8 bytes. */
export function revisionAt(bytes: DataView, at: number): number {
  return bytes.getUint32(at) * 0x1_0000_0000 + bytes.getUint32(at + 4);
}

class Cursor {
  readonly #page: number;
  readonly #bytes: DataView;
  readonly #to: number;
  at: number;

  constructor(page: number, bytes: DataView, from: number, to: number) {
    this.#page = page;
    this.#bytes = bytes;
    this.#to = to;
    this.at = from;
  }

  /** Rounded past 2^53: such a length is out of bounds, such a revision unequal. */
  varint(): number {
    let value = 0;
    for (let scale = 1; this.at < this.#to && scale < 2 ** 70; scale *= 128) {
      const byte = this.#bytes.getUint8(this.at);
      this.at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new Damage('record', this.#page, `a record with a number that does not end at ${this.at}`);
  }

  skip(length: number): void {
    if (length > this.#to - this.at) throw new Damage('record', this.#page, `a record with ${length} bytes at ${this.at}, where ${this.#to - this.at} are left`);
    this.at += length;
  }
}
