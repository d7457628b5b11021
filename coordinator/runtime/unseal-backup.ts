import { createDecipheriv, type DecipherGCM } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';

import { BackupError } from './backup-error.ts';
import { HEADER_BYTES, TAG_BYTES, decodeHeader, proveHeader } from './backup-header.ts';
import type { BackupManifest } from './backup-manifest.ts';
import { deriveKeys, secretKind } from './backup-secret.ts';
import type { BackupSecret } from './backup-secret.ts';
import { damaged, unpackBackup } from './unpack-backup.ts';

/** Decrypts a backup and writes its files below an empty folder. They mean nothing before this has resolved. @throws BackupError */
export async function unsealBackup(from: string, secret: BackupSecret, folder: string): Promise<BackupManifest> {
  const file = await open(from, 'r');
  try {
    const { size } = await file.stat();
    const headerBytes = await readAt(file, 0, HEADER_BYTES);
    const header = decodeHeader(headerBytes, from);
    if (header.kind !== secretKind(secret)) throw otherSecret(header.kind, from);
    const keys = await deriveKeys(secret, header.salt);
    proveHeader(headerBytes, keys, header.kind, from);
    if (size < HEADER_BYTES + TAG_BYTES) throw damaged('it ends too early');
    const tag = await readAt(file, size - TAG_BYTES, TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', keys.content, header.nonce).setAAD(headerBytes).setAuthTag(tag);
    const sealed = createReadStream(from, { start: HEADER_BYTES, end: Math.max(HEADER_BYTES, size - TAG_BYTES - 1) });
    return await unpack(sealed, decipher, folder);
  } catch (error) {
    throw error instanceof BackupError || isOfTheDisk(error) ? error : damaged('its seal is broken', error);
  } finally {
    await file.close();
  }
}

async function unpack(sealed: Readable, decipher: DecipherGCM, folder: string): Promise<BackupManifest> {
  const zstd = createZstdDecompress();
  let compressedBytes = 0;
  async function* counted(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      compressedBytes += piece.length;
      yield piece;
    }
  }
  let manifest: BackupManifest | undefined;
  await pipeline(sealed, decipher, counted, zstd, async (plain: AsyncIterable<Buffer>) => {
    manifest = await unpackBackup(plain, folder);
  });
  if (manifest === undefined) throw damaged('it holds nothing');
  // node:zlib passes over what follows a frame.
  if (zstd.bytesWritten !== compressedBytes) throw damaged('something follows its end');
  return manifest;
}

/** A full or failing disk says nothing about the backup. */
function isOfTheDisk(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function otherSecret(kind: 'passphrase' | 'key-file', name: string): BackupError {
  const needed = kind === 'passphrase' ? 'a passphrase' : 'a key file';
  return new BackupError('backup-wrong-secret', `${name} was made with ${needed}`, `give ${needed}`);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
