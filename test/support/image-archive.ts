import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';

import type { PinnedImage } from '../../shared/domain/steps/images-spec.ts';

/** A tar archive in memory; a file of it is its name and its bytes. */
export function tarOf(files: readonly (readonly [name: string, bytes: Buffer])[]): Buffer {
  const blocks = files.flatMap(([name, bytes]) => [headerOf(name, bytes.length), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function headerOf(name: string, size: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000644\0', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('0', 156);
  header.write('ustar\0' + '00', 257);
  return header;
}

export interface TestImage {
  readonly name: string;
  /** What makes its ID its own. */
  readonly says: string;
}

/** An OCI layout as a build tool writes it, and what it gives. The layers are none: no test of this unpacks them. */
export function ociLayout(images: readonly TestImage[], architecture = process.arch === 'x64' ? 'amd64' : process.arch): { readonly tar: Buffer; readonly images: readonly PinnedImage[] } {
  const files: [string, Buffer][] = [['./oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')]];
  const blob = (value: unknown): string => {
    const bytes = Buffer.from(JSON.stringify(value));
    const hex = createHash('sha256').update(bytes).digest('hex');
    files.push([`./blobs/sha256/${hex}`, bytes]);
    return `sha256:${hex}`;
  };
  const made = images.map(({ name, says }) => {
    const id = blob({ architecture, os: 'linux', config: { Cmd: [says] } });
    const manifest = blob({ schemaVersion: 2, config: { digest: id }, layers: [] });
    // As tools write images for several platforms.
    const index = blob({ schemaVersion: 2, manifests: [{ digest: manifest, platform: { architecture, os: 'linux' } }] });
    return { name, id, index };
  });
  files.push(['./index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: made.map(({ name, index }) => ({ digest: index, annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': 'latest' } })) }))]);
  return { tar: tarOf(files), images: made.map(({ name, id }) => ({ name, id })) };
}

/** What `docker save` writes, old and new. */
export function dockerSave(images: readonly TestImage[], configs: 'json' | 'blobs'): { readonly tar: Buffer; readonly images: readonly PinnedImage[] } {
  const made = images.map(({ name, says }) => ({ name, hex: createHash('sha256').update(says).digest('hex'), bytes: Buffer.from(JSON.stringify({ says })) }));
  const pathOf = (hex: string): string => (configs === 'json' ? `${hex}.json` : `blobs/sha256/${hex}`);
  const manifest = made.map(({ name, hex }) => ({ Config: pathOf(hex), RepoTags: [name], Layers: [] }));
  return { tar: tarOf([...made.map(({ hex, bytes }) => [pathOf(hex), bytes] as const), ['manifest.json', Buffer.from(JSON.stringify(manifest))]]), images: made.map(({ name, hex }) => ({ name, id: `sha256:${hex}` })) };
}

export function writeArchive(path: string, tar: Buffer): { readonly sha256: string; readonly size: number } {
  writeFileSync(path, tar);
  return { sha256: createHash('sha256').update(tar).digest('hex'), size: tar.length };
}
