import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { K3sSpec } from '../../../shared/domain/steps/k3s-spec.ts';
import { hasSha256 } from '../../../shared/files/part-file.ts';
import { notStaged, placeBinary } from '../place-binary.ts';
import type { StepContext, StepResult } from '../step.ts';
import type { K3sPrior } from './k3s.ts';
import { placeArchive } from './place-archive.ts';
import type { Places } from './places.ts';

/** Images first: the new version must not begin to pull. Each file gets its name by one rename. Idempotent. */
export async function putInPlace(spec: K3sSpec, prior: K3sPrior, places: Places, context: StepContext): Promise<StepResult> {
  const { images } = spec;
  if (images !== null && places.archive !== null && !(await hasSha256(places.archive, images.sha256))) {
    const placed = await placeArchive({ from: join(places.fetched, images.sha256), sha256: images.sha256, place: places.archive }, context.signal);
    if (!placed) return notStaged(images.sha256);
  }
  await rm(places.imagesDraftFolder, { recursive: true, force: true });
  return placeBinary(spec.binary, prior.copies.binary, places, context);
}
