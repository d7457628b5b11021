import { LEAF_ENTRY_BYTES } from '../bolt/entries.ts';
import type { Leaf } from '../bolt/leaves-of.ts';

/** The value begins where the key ends. */
export function eachEntry({ bytes, tableFrom, count, dataFrom }: Leaf, visit: (keyFrom: number, valueFrom: number, to: number) => void): void {
  let from = dataFrom;
  for (let at = tableFrom; at < tableFrom + count * LEAF_ENTRY_BYTES; at += LEAF_ENTRY_BYTES) {
    const valueFrom = from + bytes.getUint32(at + 8, true);
    const to = valueFrom + bytes.getUint32(at + 12, true);
    visit(from, valueFrom, to);
    from = to;
  }
}

/** Text of a stretch of bytes; what is not UTF-8 in it shows as U+FFFD. */
export function textOf(bytes: DataView, from = 0, to = bytes.byteLength): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString();
}
