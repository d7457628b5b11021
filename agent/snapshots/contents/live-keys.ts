/** 1.5 million keys in 32 MiB, and half as much again for a moment while it grows. */
export const SLOTS_MAX = 1 << 21;
const SLOTS_FIRST = 1 << 12;
/** Of all slots: past it a search takes too long. */
const FILL_MAX = 0.75;

/**
 * Which keys live, each with the revision of its newest record: a table of 63-bit fingerprints (two of a million keys are
 * alike in one of 18 million databases), because keys themselves would take many times the room. What a table cannot hold is
 * counted in several walks, each over the keys of one share.
 */
export class LiveKeys {
  readonly #share: Share;
  readonly #slotsMax: number;
  #slots = SLOTS_FIRST;
  #prints = new Uint32Array(SLOTS_FIRST * 2);
  #revisions = new Float64Array(SLOTS_FIRST);
  #size = 0;
  #one = 0;
  #other = 0;

  constructor(share: Share = WHOLE, slotsMax = SLOTS_MAX) {
    this.#share = share;
    this.#slotsMax = slotsMax;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether this share is too large: what was counted is of no use, each half of the share takes a walk of its own. */
  get isFull(): boolean {
    return this.#size > this.#slotsMax * FILL_MAX;
  }

  /** @returns whether it did not live before; false too for a key of another share. */
  set(bytes: DataView, from: number, to: number, revision: number): boolean {
    this.#print(bytes, from, to);
    if (!this.#isMine()) return false;
    const slot = this.#find();
    this.#revisions[slot] = revision;
    if (this.#isTaken(slot)) return false;
    this.#put(slot, this.#one, this.#other);
    this.#size += 1;
    if (this.#size > this.#slots * FILL_MAX && this.#slots < this.#slotsMax) this.#grow();
    return true;
  }

  /** @returns whether it lived. */
  delete(bytes: DataView, from: number, to: number): boolean {
    this.#print(bytes, from, to);
    if (!this.#isMine()) return false;
    const slot = this.#find();
    if (!this.#isTaken(slot)) return false;
    this.#size -= 1;
    this.#close(slot);
    return true;
  }

  /** @returns 0 for a key that does not live. */
  newestOf(bytes: DataView, from: number, to: number): number {
    this.#print(bytes, from, to);
    const slot = this.#find();
    return this.#isTaken(slot) ? (this.#revisions[slot] ?? 0) : 0;
  }

  #isMine(): boolean {
    return (this.#other & this.#share.mask) === this.#share.value;
  }

  /** Two hashes of 32 bits that have nothing in common (FNV-1a, and one by Knuth's constant), each mixed as murmur3 ends. */
  #print(bytes: DataView, from: number, to: number): void {
    let one = 0x811c9dc5;
    let other = to - from;
    for (let at = from; at < to; at += 1) {
      const byte = bytes.getUint8(at);
      one = Math.imul(one ^ byte, 0x01000193);
      other = Math.imul((other << 13) | (other >>> 19), 5) + Math.imul(byte + 1, 0x9e3779b1);
    }
    // 0 and 0 is an empty slot.
    this.#one = mixed(one) | 1;
    this.#other = mixed(other);
  }

  #find(): number {
    let slot = this.#home(this.#one);
    while (this.#isTaken(slot) && (this.#prints[slot * 2] !== this.#one >>> 0 || this.#prints[slot * 2 + 1] !== this.#other >>> 0)) slot = (slot + 1) & (this.#slots - 1);
    return slot;
  }

  #home(one: number): number {
    return (one >>> 1) & (this.#slots - 1);
  }

  #isTaken(slot: number): boolean {
    return this.#prints[slot * 2] !== 0;
  }

  #put(slot: number, one: number, other: number): void {
    this.#prints[slot * 2] = one;
    this.#prints[slot * 2 + 1] = other;
  }

  /** Moves what a search would no longer find past the slot that became empty. */
  #close(emptied: number): void {
    const last = this.#slots - 1;
    let empty = emptied;
    for (let slot = (empty + 1) & last; this.#isTaken(slot); slot = (slot + 1) & last) {
      const home = this.#home(this.#prints[slot * 2] ?? 0);
      if (((slot - home) & last) < ((slot - empty) & last)) continue;
      this.#put(empty, this.#prints[slot * 2] ?? 0, this.#prints[slot * 2 + 1] ?? 0);
      this.#revisions[empty] = this.#revisions[slot] ?? 0;
      empty = slot;
    }
    this.#put(empty, 0, 0);
  }

  #grow(): void {
    const [prints, revisions, slots] = [this.#prints, this.#revisions, this.#slots];
    this.#slots = slots * 2;
    this.#prints = new Uint32Array(this.#slots * 2);
    this.#revisions = new Float64Array(this.#slots);
    for (let slot = 0; slot < slots; slot += 1) {
      if (prints[slot * 2] === 0) continue;
      this.#one = prints[slot * 2] ?? 0;
      this.#other = prints[slot * 2 + 1] ?? 0;
      const free = this.#find();
      this.#put(free, this.#one, this.#other);
      this.#revisions[free] = revisions[slot] ?? 0;
    }
  }
}

/** The keys whose fingerprint ends in these bits. */
export interface Share {
  readonly mask: number;
  readonly value: number;
}

export const WHOLE: Share = { mask: 0, value: 0 };

export function halvesOf({ mask, value }: Share): readonly [Share, Share] {
  const next = mask + 1;
  return [{ mask: mask | next, value }, { mask: mask | next, value: value | next }];
}

function mixed(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
