import { constants, createZstdCompress } from 'node:zlib';

/** Level 3 takes twice the time of level 1 and saves little of a database. */
const LEVEL = 1;
/** The compressor stands still from the end of a block until this thread has a moment for it: in blocks of 256 KiB that is a sixth of the time. */
const BLOCK_BYTES = 1024 * 1024;
/** One fills while others are compressed. */
const BLOCKS = 3;
/** What most blocks become: each piece of output is another way through the pool. */
const OUTPUT_BYTES = 256 * 1024;

interface Block {
  readonly bytes: Buffer;
  /** Resolves when the compressor has read it. */
  free: Promise<void>;
  release: () => void;
}

/** Compresses on the thread pool what is written here, while the caller makes the next. */
export class ZstdStage {
  readonly #zstd = createZstdCompress({ chunkSize: OUTPUT_BYTES, params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
  readonly #blocks = Array.from({ length: BLOCKS }, (): Block => ({ bytes: Buffer.allocUnsafeSlow(BLOCK_BYTES), free: Promise.resolve(), release: () => undefined }));
  readonly #taken: Promise<void>;
  #failure: { readonly cause: unknown } | null = null;
  #current = 0;
  #filled = 0;

  /** @param take is waited for before it gets the next piece. What it throws, `write` and `end` throw. */
  constructor(take: (compressed: Buffer) => Promise<void>) {
    this.#taken = this.#pump(take);
  }

  /** The bytes are the caller's again when it resolves. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const block = this.#block();
      await block.free;
      this.#throwIfFailed();
      const taken = Math.min(bytes.length - at, BLOCK_BYTES - this.#filled);
      block.bytes.set(bytes.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === BLOCK_BYTES) this.#submit();
    }
  }

  /** Resolves when `take` had everything. */
  async end(): Promise<void> {
    this.#submit();
    // Ended while it still has bytes to read, node:zlib writes a second, empty frame behind the first.
    for (const { free } of this.#blocks) await free;
    this.#throwIfFailed();
    this.#zstd.end();
    await this.#taken;
    this.#throwIfFailed();
  }

  /** Gives the compressor's memory back; who waits is told. Idempotent. */
  destroy(): void {
    this.#fail(new Error('the snapshot was discarded'));
  }

  #submit(): void {
    const block = this.#block();
    block.free = new Promise((resolve) => {
      block.release = resolve;
    });
    this.#zstd.write(block.bytes.subarray(0, this.#filled), () => block.release());
    this.#current = (this.#current + 1) % BLOCKS;
    this.#filled = 0;
  }

  #block(): Block {
    const block = this.#blocks[this.#current];
    if (block === undefined) throw new Error('the ring of blocks turned too far');
    return block;
  }

  async #pump(take: (compressed: Buffer) => Promise<void>): Promise<void> {
    try {
      for await (const piece of this.#zstd as AsyncIterable<Buffer>) await take(piece);
    } catch (cause) {
      this.#fail(cause);
    }
  }

  #fail(cause: unknown): void {
    this.#failure ??= { cause };
    this.#zstd.destroy();
    // A stream that is destroyed calls nobody back who waits for it.
    for (const { release } of this.#blocks) release();
  }

  #throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure.cause;
  }
}
