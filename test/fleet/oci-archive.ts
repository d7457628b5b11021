import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { mustRun } from './run-program.ts';

/** A container image of one layer. */
export interface OciImage {
  readonly reference: string;
  /** Folder that becomes its root. */
  readonly rootFs: string;
  /** Of the image configuration: Cmd, Entrypoint, Env. */
  readonly config: Readonly<Record<string, unknown>>;
}

interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** Writes images into one OCI archive, made by hand: no registry, no build tool. The same files make the same layer. Returns the path. */
export async function writeOciArchive(path: string, images: readonly OciImage[]): Promise<string> {
  const work = mkdtempSync(join(tmpdir(), 'farrier-image-'));
  try {
    const layout = join(work, 'layout');
    const blobs = join(layout, 'blobs/sha256');
    mkdirSync(blobs, { recursive: true });
    const manifests: unknown[] = [];
    for (const image of images) manifests.push(await writeImage(blobs, image));
    writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    await mustRun(['tar', '--create', '--file', path, '--directory', layout, '.']);
    return path;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function writeImage(blobs: string, { reference, rootFs, config }: OciImage): Promise<unknown> {
  const platform = { architecture: arch() === 'arm64' ? 'arm64' : 'amd64', os: 'linux' };
  const layer = await layerOf(blobs, rootFs);
  const settings = jsonBlob(blobs, { ...platform, config, rootfs: { type: 'layers', diff_ids: [layer.digest] } });
  const manifest = jsonBlob(blobs, {
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...settings },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
  });
  return { mediaType: 'application/vnd.oci.image.manifest.v1+json', ...manifest, platform, annotations: { 'io.containerd.image.name': reference, 'org.opencontainers.image.ref.name': reference } };
}

/** Through a file: programs of Kubernetes are large. */
async function layerOf(blobs: string, rootFs: string): Promise<Blob> {
  const draft = join(blobs, 'draft');
  await mustRun(['tar', '--create', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--file', draft, '--directory', rootFs, '.']);
  const hash = createHash('sha256');
  let size = 0;
  await pipeline(createReadStream(draft).on('data', (part) => { size += part.length; }), hash);
  const hex = hash.digest('hex');
  renameSync(draft, join(blobs, hex));
  return { digest: `sha256:${hex}`, size };
}

function jsonBlob(blobs: string, value: unknown): Blob {
  const content = Buffer.from(JSON.stringify(value));
  const hex = createHash('sha256').update(content).digest('hex');
  writeFileSync(join(blobs, hex), content);
  return { digest: `sha256:${hex}`, size: content.byteLength };
}
