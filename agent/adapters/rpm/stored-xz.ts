import { crc32 } from 'node:zlib';

/** LZMA2's largest chunk of bytes that are kept as they are. */
const CHUNK_MAX = 0x1_00_00;
/** Stream flags: no check of its own. */
const FLAGS = Buffer.from([0, 0]);
/** A block of one filter, LZMA2 with the smallest dictionary: size in words less one, flags, filter, length and value of its property, padding. */
const BLOCK_HEADER = Buffer.from([2, 0, 0x21, 1, 0, 0, 0, 0]);

/** Content in the format of xz ("The .xz File Format" 1.2) without making it smaller: what has to be xz needs no program then. */
export async function* storedXz(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield Buffer.concat([Buffer.from('fd377a585a00', 'hex'), FLAGS, checksum(FLAGS)]);
  yield Buffer.concat([BLOCK_HEADER, checksum(BLOCK_HEADER)]);
  let [plain, stored] = [0, BLOCK_HEADER.length + 4];
  for await (const piece of content) {
    for (let from = 0; from < piece.length; from += CHUNK_MAX) {
      const chunk = piece.subarray(from, from + CHUNK_MAX);
      // The first one begins a dictionary.
      yield Buffer.from([plain === 0 ? 1 : 2, (chunk.length - 1) >> 8, (chunk.length - 1) & 0xff]);
      yield chunk;
      plain += chunk.length;
      stored += 3 + chunk.length;
    }
  }
  stored += 1;
  yield Buffer.alloc(1 + padding(stored));
  const records = Buffer.concat([Buffer.from([0, 1]), numberOf(stored), numberOf(plain)]);
  const index = Buffer.concat([records, Buffer.alloc(padding(records.length))]);
  yield Buffer.concat([index, checksum(index)]);
  const end = Buffer.concat([Buffer.alloc(4), FLAGS]);
  end.writeUInt32LE((index.length + 4) / 4 - 1, 0);
  yield Buffer.concat([checksum(end), end, Buffer.from('YZ')]);
}

function checksum(bytes: Buffer): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(crc32(bytes), 0);
  return sum;
}

function padding(length: number): number {
  return (4 - (length % 4)) % 4;
}

/** Seven bits a byte, lowest first. */
function numberOf(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}
