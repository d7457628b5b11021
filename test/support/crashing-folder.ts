import type { CatalogueFolder } from '../../agent/snapshots/catalogue/catalogue-folder.ts';

export class FolderCrashed extends Error {}

/** What the power cut left of the change that it fell into. */
export type CrashLeft = 'nothing of it' | 'half of it' | 'all of it';
export const CRASH_LEFTOVERS: readonly CrashLeft[] = ['nothing of it', 'half of it', 'all of it'];

/** A catalogue's folder in memory, that dies in its n-th change. What lies in it outlives it. */
export class CrashingFolder implements CatalogueFolder {
  readonly files: Map<string, Buffer>;
  #untilCrash = Number.POSITIVE_INFINITY;
  #left: CrashLeft = 'nothing of it';

  constructor(files = new Map<string, Buffer>()) {
    this.files = files;
  }

  crashIn(change: number, left: CrashLeft): void {
    this.#untilCrash = change;
    this.#left = left;
  }

  pathOf(name: string): string {
    return `/folder/${name}`;
  }

  async names(): Promise<readonly string[]> {
    return [...this.files.keys()];
  }

  async sizeOf(name: string): Promise<number | null> {
    return this.files.get(name)?.length ?? null;
  }

  async read(name: string): Promise<Buffer | null> {
    return this.files.get(name) ?? null;
  }

  async write(name: string, content: string): Promise<void> {
    const bytes = Buffer.from(content);
    this.#change(
      () => this.files.set(name, bytes),
      () => this.files.set(`${name}.new`, bytes.subarray(0, bytes.length / 2)),
    );
  }

  async rename(from: string, to: string): Promise<void> {
    const bytes = this.files.get(from);
    this.#change(() => {
      if (bytes === undefined) return;
      this.files.delete(from);
      this.files.set(to, bytes);
    });
  }

  async remove(name: string): Promise<void> {
    this.#change(() => this.files.delete(name));
  }

  /** @param half what of it a crash in its middle leaves; a name is there or not */
  #change(all: () => unknown, half: () => unknown = () => undefined): void {
    this.#untilCrash -= 1;
    if (this.#untilCrash !== 0) {
      if (this.#untilCrash < 0) throw new FolderCrashed('it is dead');
      all();
      return;
    }
    if (this.#left === 'all of it') all();
    if (this.#left === 'half of it') half();
    throw new FolderCrashed('the power was cut');
  }
}
