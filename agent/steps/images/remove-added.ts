import type { ImageStore, StoredImage } from '../../ports/image-store.ts';
import { STEP_OK, type StepContext, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import type { PriorImage } from './store-images.ts';
import { readStored, type Stored, type StoredParts } from './stored-images.ts';

/**
 * Brings names back that the step moved, unpins what it pinned and takes away what it added; a name that somebody else has moved
 * since is theirs. What the runtime calls by its ID goes where it came with the step and has no other name. Idempotent.
 */
export async function removeAdded(parts: StoredParts, images: readonly PriorImage[], context: StepContext): Promise<StepResult> {
  const found = await readNames(parts, images, context);
  if (!found.ok) return found;
  for (const image of images) {
    const said = await putBack(parts.store, image, found, context);
    if (said !== '') return stepFailure('revert-failed', `${image.name} cannot be brought back to ${image.was}: ${said}`, image.name);
  }
  const moved = await readNames(parts, images, context);
  if (!moved.ok) return moved;
  const added = images.filter(({ name, id, was }) => was === null && moved.ids.get(name) === id).map(({ name }) => name);
  const said = await parts.store.remove([...added, ...idsWithoutName(moved.all, images, added)], context);
  if (said !== '') return stepFailure('revert-failed', `${added.join(', ')} cannot be removed: ${said}`, added[0] ?? '');
  return observe(await readNames(parts, images, context), images);
}

function readNames(parts: StoredParts, images: readonly PriorImage[], context: StepContext): Promise<Stored | StepFailure> {
  return readStored(parts, images.map(({ name }) => name), context);
}

async function putBack(store: ImageStore, { name, id, was, wasPinned }: PriorImage, { all, ids }: Stored, context: StepContext): Promise<string> {
  const now = ids.get(name);
  if (was === null || (now !== id && now !== was)) return '';
  // A name that is moved loses its pin, or takes that of the other along.
  if (now !== was) return (await store.point(name, was, context)) || store.pin(name, wasPinned, context);
  const isPinned = all.some((image) => image.name === name && image.pinned);
  return isPinned === wasPinned ? '' : store.pin(name, wasPinned, context);
}

/** Names by ID alone, which the runtime gives by itself and keeps. */
function idsWithoutName(all: readonly StoredImage[], images: readonly PriorImage[], removed: readonly string[]): readonly string[] {
  return [...new Set(images.filter(({ hadId }) => !hadId).map(({ id }) => id))].filter((id) => {
    const target = all.find(({ name }) => name === id)?.target;
    return target !== undefined && all.every((image) => image.target !== target || image.name === id || removed.includes(image.name));
  });
}

function observe(stored: Stored | StepFailure, images: readonly PriorImage[]): StepResult {
  if (!stored.ok) return stored;
  const still = images.find(({ name, id, was }) => was !== id && stored.ids.get(name) === id);
  return still === undefined ? STEP_OK : stepFailure('revert-failed', `${still.name} is still ${still.id}`, still.name);
}
