import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readArchive } from '../../agent/steps/images/read-archive.ts';
import { sha256Of } from '../../shared/files/sha256-of.ts';
import type { ImageArchive, PinnedImage } from '../../shared/domain/steps/images-spec.ts';
import { putBusybox } from './container-image.ts';
import { type OciImage, writeOciArchive } from './oci-archive.ts';
import { wasmHello } from './wasm-hello.ts';

/** What every pod's sandbox runs on hosts of containerdHost. */
export const PAUSE = 'fleet.invalid/pause:1';
export const HELLO = 'fleet.invalid/hello:1';
export const HELLO_LINE = 'hello from a container';
export const WASM = 'fleet.invalid/wasm:1';
export const WASM_LINE = 'hello from wasm';

type Kind = 'pause' | 'hello' | 'wasm';

const KINDS: Readonly<Record<Kind, { readonly reference: string; readonly put: (rootFs: string) => void; readonly entrypoint: readonly string[] }>> = {
  pause: { reference: PAUSE, put: putBusybox, entrypoint: ['/bin/sleep', '2147483647'] },
  hello: { reference: HELLO, put: putBusybox, entrypoint: ['/bin/echo', HELLO_LINE] },
  wasm: { reference: WASM, put: (rootFs) => writeFileSync(join(rootFs, 'hello.wasm'), wasmHello(WASM_LINE), { mode: 0o755 }), entrypoint: ['/hello.wasm'] },
};

/** An archive with an image of this kind, in a folder of the caller's: its path, and what a plan says of it. */
export interface RuntimeImage {
  readonly path: string;
  readonly archive: ImageArchive;
  readonly image: PinnedImage;
}

export async function writeRuntimeImage(folder: string, kind: Kind, reference = KINDS[kind].reference): Promise<RuntimeImage> {
  const { put, entrypoint } = KINDS[kind];
  const rootFs = mkdtempSync(join(tmpdir(), 'farrier-image-root-'));
  try {
    put(rootFs);
    mkdirSync(folder, { recursive: true });
    const image: OciImage = { reference, rootFs, config: { Entrypoint: entrypoint, Env: ['PATH=/bin'] } };
    const path = await writeOciArchive(join(folder, `${kind}.tar`), [image]);
    const [held] = await readArchive(path, new AbortController().signal);
    if (held === undefined) throw new Error(`${path} holds no image`);
    return { path, image: held, archive: { sha256: await sha256Of(path), size: statSync(path).size, images: [held] } };
  } finally {
    rmSync(rootFs, { recursive: true, force: true });
  }
}
