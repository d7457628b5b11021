import type { MemoryDisk } from '../support/memory-store.ts';

const EVERY_TICKS = 5;

/** Copies of the store's logs, taken while it runs. Records stay as they are: they are the hosts' names. */
export class Backups {
  readonly #disk: MemoryDisk;
  readonly #taken: { readonly tick: number; readonly streams: ReadonlyMap<string, readonly string[]> }[] = [];

  constructor(disk: MemoryDisk) {
    this.#disk = disk;
  }

  /** One is taken every few ticks. */
  step(tick: number): void {
    if (tick % EVERY_TICKS === 0) this.#taken.push({ tick, streams: new Map([...this.#disk.streams].map(([name, events]) => [name, [...events]])) });
  }

  /** Puts the newest in place that is no younger than that. @param stop ends whoever works on the store; called where there is one. */
  restore(tick: number, stop: () => void): void {
    const backup = this.#taken.findLast((one) => one.tick <= tick);
    if (backup === undefined) return;
    stop();
    this.#disk.streams.clear();
    for (const [name, events] of backup.streams) this.#disk.streams.set(name, [...events]);
  }
}
