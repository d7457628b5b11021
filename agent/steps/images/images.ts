import type { ImagesSpec } from '../../../shared/domain/steps/images-spec.ts';
import type { Artifacts } from '../../ports/artifacts.ts';
import type { K3s } from '../../ports/k3s.ts';
import type { StepContext, StepExecutor, StepResult } from '../step.ts';
import { applyK3sImages, canRevertK3sImages, captureK3sImages, checkK3sImages, imagesFolderOf, type K3sPrior, revertK3sImages, verifyK3sImages } from './k3s-images.ts';
import { hasRoom, stageArchives } from './stage-archives.ts';
import { applyStore, canRevertStore, captureStore, checkStore, dockerImages, revertStore, type StorePrior, verifyStore } from './store-images.ts';
import type { StoredParts } from './stored-images.ts';

export type ImagesPrior = StorePrior | K3sPrior;

export interface ImagesParts extends StoredParts {
  readonly artifacts: Artifacts;
  readonly k3s: K3s;
  /** Where containerd keeps its images. */
  readonly containerdFolder: string;
}

/** Brings images into a host's runtime, and takes away what it brought. What runs is not touched. */
export function imagesStep(parts: ImagesParts): StepExecutor<ImagesSpec, ImagesPrior> {
  return {
    kind: 'images',
    stage: (spec, context) => stage(parts, spec, context),
    check: ({ source, ...own }, context) => (source.kind === 'k3s' ? checkK3sImages(parts.k3s, source.archives, context) : checkStore(parts, { ...own, source }, context)),
    capture: ({ source, ...own }, context) => (source.kind === 'k3s' ? captureK3sImages(parts.k3s, source.archives, context) : captureStore(parts, { ...own, source }, context)),
    apply: ({ source, ...own }, prior, context) => {
      if (source.kind === 'k3s') return applyK3sImages(source.archives, ofK3s(prior), context);
      return applyStore(parts, { ...own, source }, ofStore(prior), context);
    },
    verify: ({ source, ...own }, prior, context) => (source.kind === 'k3s' ? verifyK3sImages(source.archives, ofK3s(prior)) : verifyStore(parts, { ...own, source }, ofStore(prior), context)),
    revert: (_spec, prior, context) => (prior.kind === 'k3s' ? revertK3sImages(prior, context) : revertStore(parts, prior, context)),
    canRevert: (_spec, prior, context) => (prior.kind === 'k3s' ? canRevertK3sImages(prior, context) : canRevertStore(parts, prior, context)),
  };
}

/** What Docker unpacked comes once as layers and once unpacked. */
const TIMES_UNPACKED = 2;

async function stage({ artifacts, k3s, store, containerdFolder }: ImagesParts, { source }: ImagesSpec, context: StepContext): Promise<StepResult> {
  if (source.kind === 'docker') {
    const found = await dockerImages(store, source.images, context);
    return 'ok' in found ? found : hasRoom(TIMES_UNPACKED * found.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), containerdFolder);
  }
  const keptIn = source.kind === 'k3s' ? await imagesFolderOf(k3s, context.signal) : containerdFolder;
  return typeof keptIn === 'string' ? stageArchives({ archives: source.archives, keptIn }, artifacts, context) : keptIn;
}

function ofK3s(prior: ImagesPrior): K3sPrior {
  if (prior.kind !== 'k3s') throw new Error('images of K3s were captured as those of containerd');
  return prior;
}

function ofStore(prior: ImagesPrior): StorePrior {
  if (prior.kind !== 'store') throw new Error('images of containerd were captured as those of K3s');
  return prior;
}
