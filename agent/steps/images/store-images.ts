import { join } from 'node:path';

import type { ImageArchive, ImagesSpec, PinnedImage } from '../../../shared/domain/steps/images-spec.ts';
import type { DockerImage, ImageStore } from '../../ports/image-store.ts';
import { type CaptureResult, type CheckResult, STEP_OK, type StepContext, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import { removeAdded } from './remove-added.ts';
import { fetchedFolder } from './stage-archives.ts';
import { hasAll, readStored, type Stored, type StoredParts, unready } from './stored-images.ts';

/** One image that the step brings, and what its name was before. */
export interface PriorImage extends PinnedImage {
  /** ID that the name had; null: nobody had the name. */
  readonly was: string | null;
  readonly wasPinned: boolean;
  /** The runtime had the image already, under whatever name. */
  readonly hadId: boolean;
}

export interface StorePrior {
  readonly kind: 'store';
  readonly images: readonly PriorImage[];
}

type StoreSpec = ImagesSpec & { readonly source: Exclude<ImagesSpec['source'], { readonly kind: 'k3s' }> };

/** What the step is to bring: as the plan has it, or as Docker has it now. */
export async function wantedImages({ store }: StoredParts, { source }: StoreSpec, context: StepContext): Promise<readonly PinnedImage[] | StepFailure> {
  if (source.kind === 'containerd') return source.archives.flatMap(({ images }) => images);
  const found = await dockerImages(store, source.images, context);
  return 'ok' in found ? found : found.map(({ name, id }) => ({ name, id }));
}

export async function dockerImages(store: ImageStore, names: readonly string[], context: StepContext): Promise<readonly (DockerImage & PinnedImage)[] | StepFailure> {
  const found: (DockerImage & PinnedImage)[] = [];
  for (const name of names) {
    const image = await store.dockerImage(name, context);
    if (typeof image === 'string') return stepFailure('runtime-unready', `Docker does not say which images it has: ${image}`, 'docker');
    if (image === null) return stepFailure('image-unknown', `Docker has no image ${name} on this host; check its name in the plan, or pull it there first`, name);
    found.push({ name, ...image });
  }
  return found;
}

export async function checkStore(parts: StoredParts, spec: StoreSpec, context: StepContext): Promise<CheckResult> {
  const wanted = await wantedImages(parts, spec, context);
  if ('ok' in wanted) return wanted;
  const stored = await readStored(parts, wanted.map(({ name }) => name), context);
  return stored.ok ? { ok: true, state: hasAll(stored, wanted, spec.pin) ? 'satisfied' : 'needed' } : stored;
}

export async function captureStore(parts: StoredParts, spec: StoreSpec, context: StepContext): Promise<CaptureResult<StorePrior>> {
  const wanted = await wantedImages(parts, spec, context);
  if ('ok' in wanted) return wanted;
  const stored = await readStored(parts, wanted.map(({ name }) => name), context);
  if (!stored.ok) return stored;
  const useless = wanted.find(({ name }) => stored.ids.get(name) === '');
  if (useless !== undefined) return stepFailure('image-mismatch', `${useless.name} is there, and is no image for this host's platform; remove it first`, useless.name);
  return { ok: true, prior: { kind: 'store', images: wanted.map((image) => priorOf(image, stored)) } };
}

export function priorOf({ name, id }: PinnedImage, { all, ids }: Stored): PriorImage {
  return { name, id, was: ids.get(name) ?? null, wasPinned: all.some((image) => image.name === name && image.pinned), hadId: all.some((image) => image.name === id) };
}

/** One archive or image after another; what is there already is not brought again, so that a step that was cut off goes on. */
export async function applyStore(parts: StoredParts, spec: StoreSpec, { images }: StorePrior, context: StepContext): Promise<StepResult> {
  for (const portion of portionsOf(spec, images)) {
    const brought = await bring(parts, portion, context);
    if (!brought.ok) return brought;
    if (spec.pin) {
      const pinned = await pinAll(parts, portion.images, context);
      if (!pinned.ok) return pinned;
    }
  }
  return STEP_OK;
}

export async function verifyStore(parts: StoredParts, spec: StoreSpec, { images }: StorePrior, context: StepContext): Promise<StepResult> {
  const stored = await readStored(parts, images.map(({ name }) => name), context);
  if (!stored.ok) return stored;
  const lacking = images.find((image) => !hasAll(stored, [image], spec.pin));
  return lacking === undefined ? STEP_OK : stepFailure('verify-failed', `${lacking.name} is ${describe(stored.ids.get(lacking.name))}, not ${lacking.id}${spec.pin ? ', pinned' : ''}`, lacking.name);
}

export async function revertStore(parts: StoredParts, { images }: StorePrior, context: StepContext): Promise<StepResult> {
  return removeAdded(parts, images, context);
}

/** A name that pointed elsewhere can only go back to what is still there. */
export async function canRevertStore({ store }: StoredParts, { images }: StorePrior, { signal }: StepContext): Promise<StepResult> {
  const all = await store.list({ signal });
  if (typeof all === 'string') return unready(all);
  for (const { name, id, was } of images) {
    if (was !== null && was !== id && all.every((image) => image.name !== was)) return stepFailure('prior-unavailable', `${name} was ${was} before, and that image is not on this host any more`, name);
  }
  return STEP_OK;
}

interface Portion {
  readonly images: readonly PinnedImage[];
  /** Null: from Docker, one image at a time. */
  readonly archive: ImageArchive | null;
}

function portionsOf({ source }: StoreSpec, images: readonly PinnedImage[]): readonly Portion[] {
  return source.kind === 'containerd' ? source.archives.map((archive) => ({ archive, images: archive.images })) : images.map((image) => ({ archive: null, images: [image] }));
}

async function bring(parts: StoredParts, { archive, images }: Portion, context: StepContext): Promise<StepResult> {
  const names = images.map(({ name }) => name);
  const before = await readStored(parts, names, context);
  if (!before.ok) return before;
  const missing = images.filter((image) => !hasAll(before, [image], false));
  for (const { name, id } of images) if (!missing.some((image) => image.name === name)) context.output(`${name}: is there as ${id}\n`);
  if (missing.length === 0) return STEP_OK;
  const said = archive === null ? await fromDocker(parts, names[0] ?? '', context) : await parts.store.importArchive(join(fetchedFolder(context), archive.sha256), context);
  if (said !== '') return stepFailure('apply-failed', `${names.join(', ')} cannot be imported: ${said}`, names[0] ?? '');
  const after = await readStored(parts, names, context);
  if (!after.ok) return after;
  const wrong = missing.find((image) => !hasAll(after, [image], false));
  if (wrong !== undefined) return stepFailure('image-mismatch', `${wrong.name} came as ${describe(after.ids.get(wrong.name))}, not as ${wrong.id}`, wrong.name);
  for (const { name, id } of missing) context.output(`${name}: imported as ${id}\n`);
  return STEP_OK;
}

/** A line every so many bytes. */
const PROGRESS_BYTES = 64 * 1024 * 1024;

async function fromDocker({ store }: StoredParts, name: string, context: StepContext): Promise<string> {
  let bytes = 0;
  return store.importFromDocker(name, {
    ...context,
    passed: (more) => {
      if (Math.floor((bytes + more) / PROGRESS_BYTES) > Math.floor(bytes / PROGRESS_BYTES)) context.output(`${name}: ${Math.round((bytes + more) / 2 ** 20)} MiB\n`);
      bytes += more;
    },
  });
}

async function pinAll({ store }: StoredParts, images: readonly PinnedImage[], context: StepContext): Promise<StepResult> {
  for (const { name } of images) {
    const said = await store.pin(name, true, context);
    if (said !== '') return stepFailure('apply-failed', `${name} cannot be pinned: ${said}`, name);
    context.output(`${name}: pinned\n`);
  }
  return STEP_OK;
}

function describe(id: string | undefined): string {
  if (id === undefined) return 'not there';
  return id === '' ? 'there, and not for this platform' : id;
}
