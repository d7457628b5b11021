/** A stretch of bytes somewhere in a page. */
export interface Stretch {
  readonly bytes: DataView;
  readonly from: number;
  readonly to: number;
}

/** Byte by byte, as bbolt orders keys. @returns below 0 where `a` comes first, 0 where they are equal. */
export function compareBytes(a: DataView, aFrom: number, aTo: number, b: DataView, bFrom: number, bTo: number): number {
  const length = Math.min(aTo - aFrom, bTo - bFrom);
  for (let index = 0; index < length; index += 1) {
    const difference = a.getUint8(aFrom + index) - b.getUint8(bFrom + index);
    if (difference !== 0) return difference;
  }
  return aTo - aFrom - (bTo - bFrom);
}

export function compareStretches(a: Stretch, b: Stretch): number {
  return compareBytes(a.bytes, a.from, a.to, b.bytes, b.from, b.to);
}
