import { chown, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { ArtifactRef } from '../../../shared/domain/steps/artifact-ref.ts';
import type { K3sSpec } from '../../../shared/domain/steps/k3s-spec.ts';
import { syncFolder } from '../../../shared/files/write-durably.ts';
import { hasSha256 } from '../../../shared/files/part-file.ts';
import { copyVerified } from '../copy-verified.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';
import { placeKept } from './file-copies.ts';
import type { K3sPrior } from './k3s.ts';
import { placeArchive } from './place-archive.ts';
import type { Places } from './places.ts';

/** Images first: the new version must not begin to pull. Each file gets its name by one rename. Idempotent. */
export async function putInPlace(spec: K3sSpec, prior: K3sPrior, places: Places, context: StepContext): Promise<StepResult> {
  const { images } = spec;
  if (images !== null && places.archive !== null && !(await hasSha256(places.archive, images.sha256))) {
    const placed = await placeArchive({ from: join(places.fetched, images.sha256), sha256: images.sha256, place: places.archive }, context.signal);
    if (!placed) return notStaged(images);
  }
  await rm(places.imagesDraftFolder, { recursive: true, force: true });
  return (await hasSha256(places.binary, spec.binary.sha256)) ? STEP_OK : placeBinary(spec, prior, places, context);
}

async function placeBinary({ binary }: K3sSpec, { copies }: K3sPrior, places: Places, { signal }: StepContext): Promise<StepResult> {
  const { binary: old } = copies;
  if (old.kind === 'none') throw new Error('a K3s was captured without its binary');
  const draft = places.binaryDraft;
  if (!(await copyVerified({ from: join(places.fetched, binary.sha256), to: draft, sha256: binary.sha256, mode: old.mode }, signal))) return notStaged(binary);
  await chown(draft, old.uid, old.gid);
  await placeKept(old, places.kept, places.previous);
  await rename(draft, places.binary);
  await syncFolder(dirname(places.binary));
  return STEP_OK;
}

function notStaged({ sha256 }: ArtifactRef): StepResult {
  return stepFailure('prior-unavailable', `artifact ${sha256} is gone or damaged since it was staged; start again`, sha256);
}
