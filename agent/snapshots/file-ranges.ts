import { readSync } from 'node:fs';

import type { ByteRanges } from './bolt/byte-ranges.ts';

const WINDOW_MIN_BYTES = 16 << 10;
const WINDOW_MAX_BYTES = 1 << 20;

/** The file lost bytes while it was read. */
export class FileShrank extends Error {}

/**
 * A file's bytes through one window. It grows while reads go forward and shrinks where they jump, so that a tree whose pages
 * lie in order costs few reads, and one whose pages lie about does not read what it has no use for. A read blocks, for one
 * window at most: a read of one page by way of the thread pool would cost ten times the page.
 */
export class FileRanges implements ByteRanges {
  readonly size: number;
  readonly #descriptor: number;
  #buffer = Buffer.allocUnsafeSlow(WINDOW_MAX_BYTES);
  #from = 0;
  #to = 0;
  #ahead = WINDOW_MIN_BYTES;

  /** @param descriptor stays its owner's to close. @param size of the database, without what stands behind it */
  constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor;
    this.size = size;
  }

  read(offset: number, length: number): DataView {
    if (offset < 0 || length < 0 || offset + length > this.size) throw new RangeError(`${length} bytes at ${offset} of ${this.size}`);
    if (offset < this.#from || offset + length > this.#to) this.#move(offset, length);
    return new DataView(this.#buffer.buffer, offset - this.#from, length);
  }

  #move(offset: number, length: number): void {
    const forward = offset >= this.#from && offset <= this.#to;
    this.#ahead = forward ? Math.min(this.#ahead * 2, WINDOW_MAX_BYTES) : WINDOW_MIN_BYTES;
    const wanted = Math.min(Math.max(length, this.#ahead), this.size - offset);
    if (wanted > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(wanted);
    this.#from = 0;
    this.#to = 0;
    let read = 0;
    while (read < wanted) {
      const more = readSync(this.#descriptor, this.#buffer, read, wanted - read, offset + read);
      if (more === 0) throw new FileShrank(`the file ends at ${offset + read}, where it had ${this.size} bytes`);
      read += more;
    }
    this.#from = offset;
    this.#to = offset + wanted;
  }
}
