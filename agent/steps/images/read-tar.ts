export interface TarEntry {
  /** Without a leading `./`. */
  readonly name: string;
  readonly sizeBytes: number;
}

const BLOCK_BYTES = 512;

/**
 * Reads a tar archive of any size, plain files alone: `take` says of each whether its bytes are wanted, and those are then in
 * memory. Names longer than a header holds come cut off. @throws where it is no tar archive, or ends in the middle of a file.
 */
export async function readTar(stream: AsyncIterable<Buffer>, take: (entry: TarEntry) => ((bytes: Buffer) => void) | null): Promise<void> {
  const reader = new BlockReader(stream);
  try {
    await readEntries(reader, take);
  } finally {
    await reader.close();
  }
}

async function readEntries(reader: BlockReader, take: (entry: TarEntry) => ((bytes: Buffer) => void) | null): Promise<void> {
  for (let header = await reader.read(BLOCK_BYTES); header !== null && header[0] !== 0; header = await reader.read(BLOCK_BYTES)) {
    const sizeBytes = sizeOf(header);
    if (header.toString('latin1', 257, 262) !== 'ustar' || sizeBytes === null) throw new Error('it is no tar archive');
    const padding = (BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES;
    const isFile = header[156] === 0x30 || header[156] === 0;
    const name = textOf(header, 0, 100).replace(/^\.\//, '');
    const wanted = isFile ? take({ name, sizeBytes }) : null;
    if (wanted === null) await reader.skip(sizeBytes);
    else wanted((await reader.read(sizeBytes)) ?? Buffer.alloc(0));
    await reader.skip(padding);
  }
}

function textOf(header: Buffer, from: number, length: number): string {
  const field = header.subarray(from, from + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end === -1 ? length : end);
}

/** Octal, or binary where it is larger than eleven octal digits. */
function sizeOf(header: Buffer): number | null {
  if (header[124] === 0x80) return header.readUIntBE(130, 6);
  const text = textOf(header, 124, 12).trim();
  return /^[0-7]*$/.test(text) ? Number.parseInt(text || '0', 8) : null;
}

class BlockReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** @returns null at the end of the archive */
  async read(length: number): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#fill())) {
        if (missing === length) return null;
        throw new Error('it ends in the middle');
      }
      const part = this.#rest.subarray(0, missing);
      parts.push(part);
      this.#rest = this.#rest.subarray(part.length);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async skip(length: number): Promise<void> {
    let missing = length;
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#fill())) throw new Error('it ends in the middle');
      const skipped = Math.min(missing, this.#rest.length);
      this.#rest = this.#rest.subarray(skipped);
      missing -= skipped;
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(): Promise<boolean> {
    const { value, done } = await this.#chunks.next();
    this.#rest = done === true ? Buffer.alloc(0) : value;
    return done !== true;
  }
}
