import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';

export const NONCE_BYTES = 16;
/** Of plain bytes; sealed, a chunk is longer by its tag. */
export const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;

const CIPHER = 'chacha20-poly1305';
const OPTIONS = { authTagLength: TAG_BYTES } as const;

/** @param nonce the first bytes of the payload, new for each file */
export function payloadKeyOf(fileKey: Uint8Array, nonce: Uint8Array): KeyObject {
  // For each chunk node:crypto would make an error of bytes, to find that they are no KeyObject.
  return createSecretKey(Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32)));
}

/** Seals bytes in chunks, each bound to its place and the last one to being the last (https://c2sp.org/age, "Payload"). */
export class ChunkSealer {
  readonly #key: KeyObject;
  readonly #held = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #heldBytes = 0;
  #counter = 0;

  constructor(payloadKey: KeyObject) {
    this.#key = payloadKey;
  }

  /** @returns what can be written now. A full chunk is held until more comes: it may be the last one. */
  update(bytes: Uint8Array): readonly Buffer[] {
    const sealed: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      if (this.#heldBytes === CHUNK_BYTES) sealed.push(...this.#seal(false));
      const taken = Math.min(bytes.length - at, CHUNK_BYTES - this.#heldBytes);
      this.#held.set(bytes.subarray(at, at + taken), this.#heldBytes);
      this.#heldBytes += taken;
      at += taken;
    }
    return sealed;
  }

  /** The last chunk; empty only where everything was. */
  end(): readonly Buffer[] {
    return this.#seal(true);
  }

  #seal(last: boolean): readonly Buffer[] {
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(this.#counter, last), OPTIONS);
    const sealed = cipher.update(this.#held.subarray(0, this.#heldBytes));
    cipher.final();
    this.#counter += 1;
    this.#heldBytes = 0;
    return [sealed, cipher.getAuthTag()];
  }
}

/** Why a chunk is not the one that belongs here. */
export type ChunkFault = 'damaged' | 'truncated' | 'extended';

/** Opens chunks in their order. A chunk's bytes come out only when its tag has proved all of them. */
export class ChunkOpener {
  readonly #key: KeyObject;
  #counter = 0;

  constructor(payloadKey: KeyObject) {
    this.#key = payloadKey;
  }

  /** @param last whether the file ends with this chunk: the seal has to say the same. */
  open(sealed: Buffer, last: boolean): Buffer | ChunkFault {
    const plain = this.#tryOpen(sealed, last);
    // Cut at the border of a chunk, or lengthened there: it is whole, and says of itself that it is not where it was.
    if (plain === null) return this.#tryOpen(sealed, !last) === null ? 'damaged' : last ? 'truncated' : 'extended';
    // Two ways to write the same bytes would be two digests of one snapshot: the standard forbids it.
    if (plain.length === 0 && this.#counter > 0) return 'damaged';
    this.#counter += 1;
    return plain;
  }

  #tryOpen(sealed: Buffer, last: boolean): Buffer | null {
    if (sealed.length < TAG_BYTES) return null;
    const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(this.#counter, last), OPTIONS);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const plain = decipher.update(sealed.subarray(0, -TAG_BYTES));
    try {
      decipher.final();
      return plain;
    } catch {
      return null;
    }
  }
}

/** A counter of 11 bytes, big-endian, of which no file needs more than six, and whether it is the last chunk. */
function nonceOf(counter: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(counter, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}
