import type { Leaf } from '../bolt/leaves-of.ts';
import { eachEntry, textOf } from './each-entry.ts';
import { KeyRecord } from './key-record.ts';
import { LiveKeys, type Share } from './live-keys.ts';
import { RegistryCounts } from './registry-counts.ts';

const NEWEST_KEY_BYTES_MAX = 256;

/** Takes the leaves of the bucket `key`, oldest record first, and knows which keys live after them. */
export class KeyReader {
  readonly live: LiveKeys;
  readonly counts = new RegistryCounts();
  readonly #record = new KeyRecord();
  newestKey = '';

  constructor(share: Share, slotsMax: number) {
    this.live = new LiveKeys(share, slotsMax);
  }

  get revision(): number {
    return this.#record.revision;
  }

  /** @throws {Damage} */
  read(leaf: Leaf): void {
    const record = this.#record;
    eachEntry(leaf, (keyFrom, valueFrom, to) => {
      record.read(leaf.page, leaf.bytes, keyFrom, valueFrom, to);
      // A table that is full counts no further: the shares do.
      if (!this.live.isFull) this.#count(leaf.bytes);
    });
    if (leaf.count > 0) this.newestKey = textOf(leaf.bytes, record.keyFrom, Math.min(record.keyTo, record.keyFrom + NEWEST_KEY_BYTES_MAX));
  }

  #count(bytes: DataView): void {
    const { keyFrom, keyTo, revision, isTombstone } = this.#record;
    if (isTombstone) {
      if (this.live.delete(bytes, keyFrom, keyTo)) this.counts.add(bytes, keyFrom, keyTo, -1);
    } else if (this.live.set(bytes, keyFrom, keyTo, revision)) this.counts.add(bytes, keyFrom, keyTo, 1);
  }
}
