/** Rounded past 2^53, which no page, length or count of a file reaches: bounds refuse it either way. */
export function readU64(bytes: DataView, at: number): number {
  return bytes.getUint32(at + 4, true) * 0x1_0000_0000 + bytes.getUint32(at, true);
}
