import { createCipheriv, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { createOneFrameCompress } from '../../shared/files/zstd-one-frame.ts';
import { encodeHeader } from './backup-header.ts';
import type { BackupManifest } from './backup-manifest.ts';
import { deriveKeys, secretKind } from './backup-secret.ts';
import type { BackupSecret } from './backup-secret.ts';

/** Length of the manifest (4 bytes, big-endian), the manifest, the files one after the other. */
export async function* backupContent(manifest: BackupManifest, sources: ReadonlyMap<string, string>): AsyncGenerator<Buffer> {
  const json = Buffer.from(JSON.stringify(manifest));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(json.length);
  yield Buffer.concat([length, json]);
  for (const { name } of manifest.files) yield* createReadStream(sources.get(name) ?? name) as AsyncIterable<Buffer>;
}

/** Compresses and encrypts to a new file, synced. The format is described in backup-header.ts. */
export async function sealBackup(plain: AsyncIterable<Buffer>, secret: BackupSecret, to: string): Promise<void> {
  const header = { kind: secretKind(secret), salt: randomBytes(16), nonce: randomBytes(12) };
  const keys = await deriveKeys(secret, header.salt);
  const headerBytes = encodeHeader(header, keys);
  const cipher = createCipheriv('aes-256-gcm', keys.content, header.nonce).setAAD(headerBytes);
  const file = await open(to, 'wx', 0o600);
  try {
    await file.writeFile(headerBytes);
    await pipeline(Readable.from(plain), createOneFrameCompress(), cipher, writeTo(file));
    await file.writeFile(cipher.getAuthTag());
    await file.sync();
  } finally {
    await file.close();
  }
}

function writeTo(file: FileHandle): (chunks: AsyncIterable<Buffer>) => Promise<void> {
  return async (chunks) => {
    for await (const chunk of chunks) await file.writeFile(chunk);
  };
}
