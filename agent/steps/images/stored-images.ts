import type { PinnedImage } from '../../../shared/domain/steps/images-spec.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { Cri } from '../../ports/cri.ts';
import type { ImageStore, StoredImage } from '../../ports/image-store.ts';
import { type StepContext, type StepFailure, stepFailure } from '../step.ts';
import { imageId } from './image-id.ts';

export interface StoredParts {
  readonly store: ImageStore;
  readonly cri: Pick<Cri, 'look'>;
  readonly clock: Clock;
}

/** containerd takes note of a name that appears or moves a moment later. */
const NOTE_MAX_MS = 15_000;
const NOTE_EVERY_MS = 200;

/** What there is of images that somebody asks for. */
export interface Stored {
  readonly ok: true;
  readonly all: readonly StoredImage[];
  /** By name; a name that is not there is not in it. ID '': there is no image for this host's platform. */
  readonly ids: ReadonlyMap<string, string>;
}

/**
 * Reads only. Where containerd's CRI is off, as packages of Docker's leave it, nothing is waited for: it takes note of all names
 * when it starts.
 */
export async function readStored({ store, cri, clock }: StoredParts, names: readonly string[], { signal }: Pick<StepContext, 'signal'>): Promise<Stored | StepFailure> {
  const until = clock.monotonicMs() + NOTE_MAX_MS;
  for (;;) {
    const all = await store.list({ signal });
    if (typeof all === 'string') return unready(all);
    const there = all.filter(({ name }) => names.includes(name));
    const isNoted = there.every(({ managed }) => managed) || clock.monotonicMs() >= until || !(await cri.look(signal)).reached;
    if (isNoted) {
      const ids = await Promise.all(there.map(async ({ name, target }) => [name, await imageId(target, (digest) => store.document(digest, { signal }))] as const));
      return { ok: true, all, ids: new Map(ids) };
    }
    await clock.sleep(NOTE_EVERY_MS, signal);
  }
}

/** Is every image there under its ID, and pinned where it is to be? */
export function hasAll({ all, ids }: Stored, images: readonly PinnedImage[], pin: boolean): boolean {
  return images.every(({ name, id }) => ids.get(name) === id && (!pin || all.some((image) => image.name === name && image.pinned)));
}

export function unready(why: string): StepFailure {
  return stepFailure('runtime-unready', `the container runtime does not say which images it has: ${why}`, 'containerd');
}
