import type { DockerImage, ImageStore, StoredImage } from '../../agent/ports/image-store.ts';
import { readArchive } from '../../agent/steps/images/read-archive.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { MemoryCri } from './memory-cri.ts';

interface Named {
  readonly id: string;
  readonly pinned: boolean;
  /** When the runtime takes note of it; null once it did, which it does once. */
  readonly notedMs: number | null;
}

const never = new AbortController().signal;
const NOTED_AFTER_MS = 500;

/**
 * containerd's images without containerd: names, what they point at, and a runtime that takes note of them a moment later and then
 * gives each a name by its ID. Everything that changes something counts as one deed, before which a test can have the host die.
 */
export class MemoryImages implements ImageStore {
  readonly cri = new MemoryCri();
  readonly docker = new Map<string, DockerImage>();
  /** Instead of an answer of any kind. */
  silent = '';
  dockerSilent = '';
  takesNote = true;
  /** What comes instead of what an archive says: a program that lies. */
  comesAs: string | null = null;
  deeds = 0;
  diesBefore = Number.POSITIVE_INFINITY;
  readonly did: string[] = [];
  #nowMs = 1_000_000;
  readonly #names = new Map<string, Named>();

  constructor() {
    const { image } = this.cri;
    this.cri.image = (name, signal) => {
      this.#note();
      return image.call(this.cri, name, signal);
    };
    for (const deed of ['runPod', 'removePods'] as const) {
      const own = this.cri[deed].bind(this.cri) as (...args: readonly unknown[]) => Promise<never>;
      this.cri[deed] = async (...args: readonly unknown[]) => {
        this.#deed(deed);
        return own(...args);
      };
    }
  }

  readonly clock: Clock = {
    monotonicMs: () => this.#nowMs,
    wallUnixMs: () => 1_800_000_000_000 + this.#nowMs,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      this.#nowMs += ms;
    },
  };

  /** As if it had been there for long. */
  holds(name: string, id: string, pinned = false): void {
    this.#names.set(name, { id, pinned, notedMs: 0 });
    this.#note();
  }

  forgets(name: string): void {
    this.#names.delete(name);
    this.cri.images.delete(name);
  }

  /** Everything that there is: names, IDs, pins. */
  get state(): readonly string[] {
    this.#nowMs += NOTED_AFTER_MS;
    this.#note();
    return [...this.#names].map(([name, { id, pinned }]) => `${name} ${id}${pinned ? ' pinned' : ''}`).toSorted();
  }

  async list({ signal }: { readonly signal: AbortSignal }): Promise<readonly StoredImage[] | string> {
    signal.throwIfAborted();
    if (this.silent !== '') return this.silent;
    this.#note();
    return [...this.#names].map(([name, { id, pinned, notedMs }]) => ({ name, target: `sha256:of-${id}`, pinned, managed: notedMs === null }));
  }

  async document(digest: string): Promise<unknown> {
    return { config: { digest: digest.replace('sha256:of-', '') } };
  }

  async importArchive(path: string): Promise<string> {
    const images = await readArchive(path, never).catch(() => null);
    if (images === null) return 'ctr: unrecognized image format';
    for (const { name, id } of images) {
      this.#deed(`import ${name}`);
      this.#put(name, this.comesAs ?? id);
    }
    return '';
  }

  async importFromDocker(name: string, { passed }: { readonly passed: (bytes: number) => void }): Promise<string> {
    this.#deed(`stream ${name}`);
    const image = this.docker.get(name);
    if (image === undefined) return `Error response from daemon: reference does not exist`;
    passed(image.sizeBytes);
    this.#put(name, this.comesAs ?? image.id);
    return '';
  }

  async point(name: string, existing: string): Promise<string> {
    this.#deed(`point ${name}`);
    const found = this.#names.get(existing);
    if (found === undefined) return `image "${existing}": not found`;
    this.#names.set(name, { ...found, notedMs: this.#nowMs + NOTED_AFTER_MS });
    return '';
  }

  async pin(name: string, pinned: boolean): Promise<string> {
    this.#deed(`${pinned ? 'pin' : 'unpin'} ${name}`);
    const found = this.#names.get(name);
    if (found === undefined) return `image "${name}": not found`;
    this.#names.set(name, { ...found, pinned });
    this.#note();
    return '';
  }

  async remove(names: readonly string[]): Promise<string> {
    for (const name of names) {
      this.#deed(`remove ${name}`);
      this.forgets(name);
    }
    return '';
  }

  async dockerImage(name: string): Promise<DockerImage | null | string> {
    if (this.dockerSilent !== '') return this.dockerSilent;
    return this.docker.get(name) ?? null;
  }

  #put(name: string, id: string): void {
    this.#names.set(name, { id, pinned: false, notedMs: this.#nowMs + NOTED_AFTER_MS });
  }

  #note(): void {
    for (const [name, { id, pinned, notedMs }] of [...this.#names]) {
      if (notedMs !== null && (notedMs > this.#nowMs || !this.takesNote)) continue;
      this.cri.images.set(name, { id, pinned });
      if (notedMs === null) continue;
      this.#names.set(name, { id, pinned, notedMs: null });
      if (this.#names.has(id)) continue;
      this.#names.set(id, { id, pinned: false, notedMs: null });
      this.cri.images.set(id, { id, pinned: false });
    }
  }

  #deed(what: string): void {
    if (this.deeds >= this.diesBefore) throw new Error('the host died');
    this.deeds += 1;
    this.did.push(what);
  }
}
