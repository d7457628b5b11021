import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';

import type { PinnedImage } from '../../../shared/domain/steps/images-spec.ts';
import { type Descriptor, imageId, type ImageIndex } from './image-id.ts';
import { readTar } from './read-tar.ts';
import { unpackFrames } from './unpack-frames.ts';

/** Manifests, indexes and configurations are small; layers are not, and nobody looks into them. */
const DOCUMENT_MAX_BYTES = 1024 * 1024;
const DOCUMENTS_MAX_BYTES = 64 * 1024 * 1024;

/**
 * What an archive of images gives a runtime that imports it: an OCI layout where there is one, else what `docker save` writes.
 * An ID is empty where the archive has no image for this host's platform. @throws where it is no archive that can be read.
 */
export async function readArchive(path: string, signal: AbortSignal): Promise<readonly PinnedImage[]> {
  const documents = await readDocuments(path, signal);
  const index = documents('index.json') as ImageIndex | null;
  if (index !== null) return (await Promise.all((index.manifests ?? []).map((entry) => namedIn(entry, documents)))).flat();
  return ((documents('manifest.json') ?? []) as readonly Saved[]).flatMap(({ Config = '', RepoTags }) => (RepoTags ?? []).map((name) => ({ name: wholeName(name), id: idOf(Config) })));
}

type Documents = (name: string) => unknown;

async function readDocuments(path: string, signal: AbortSignal): Promise<Documents> {
  const documents = new Map<string, unknown>();
  let totalBytes = 0;
  await readTar(await decompressed(path, signal), ({ name, sizeBytes }) => {
    if (sizeBytes > DOCUMENT_MAX_BYTES) return null;
    return (bytes) => {
      const document = parse(bytes);
      if (document === null) return;
      totalBytes += sizeBytes;
      if (totalBytes > DOCUMENTS_MAX_BYTES) throw new Error(`it holds more than ${DOCUMENTS_MAX_BYTES} bytes of manifests`);
      documents.set(name, document);
    };
  });
  return (name) => documents.get(name) ?? null;
}

interface Saved {
  readonly Config?: string;
  readonly RepoTags?: readonly string[] | null;
}

/** As containerd reads it: its own annotation before the one of the OCI. */
async function namedIn({ digest = '', annotations }: Descriptor, documents: Documents): Promise<readonly PinnedImage[]> {
  const name = annotations?.['io.containerd.image.name'] ?? annotations?.['org.opencontainers.image.ref.name'];
  const read = async (blob: string): Promise<unknown> => documents(`blobs/${blob.replace(':', '/')}`);
  return name === undefined ? [] : [{ name, id: await imageId(digest, read) }];
}

/** `<hex>.json`, or `blobs/sha256/<hex>`. */
function idOf(config: string): string {
  return `sha256:${/([0-9a-f]{64})(?:\.json)?$/.exec(config)?.[1] ?? ''}`;
}

/** Docker leaves its own registry out. */
function wholeName(name: string): string {
  const [first = '', ...rest] = name.split('/');
  if (rest.length === 0) return `docker.io/library/${name}`;
  return /[.:]|^localhost$/.test(first) ? name : `docker.io/${name}`;
}

/** Null where it is no document. */
function parse(bytes: Buffer): unknown {
  if (bytes[0] !== 0x7b && bytes[0] !== 0x5b) return null;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

/** By its first bytes, as containerd finds out. */
async function decompressed(path: string, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
  const raw = createReadStream(path, { signal });
  const start = await startOf(path);
  const isGzip = start.startsWith('1f8b');
  if (!isGzip && !start.startsWith('28b52ffd')) return raw;
  const { createGunzip, createZstdDecompress } = await import('node:zlib');
  // What goes wrong is the reader's to see.
  return isGzip ? pipeline(raw, createGunzip(), () => undefined) : unpackFrames(raw, createZstdDecompress);
}

async function startOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('hex', 0, bytesRead);
  } finally {
    await file.close();
  }
}
