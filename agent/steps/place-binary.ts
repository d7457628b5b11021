import { chown, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { ArtifactRef } from '../../shared/domain/steps/artifact-ref.ts';
import { syncFolder } from '../../shared/files/write-durably.ts';
import { hasSha256 } from '../../shared/files/part-file.ts';
import { copyVerified } from './copy-verified.ts';
import { type FileCopy, placeKept } from './kept-files.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from './step.ts';

/** Where a program that a unit runs is replaced. */
export interface BinaryPlaces {
  readonly binary: string;
  readonly binaryDraft: string;
  /** For a person: what ran before. */
  readonly previous: string;
  /** In the step's folder: only going forward needs it. */
  readonly fetched: string;
  /** In the step's folder: what going back needs. */
  readonly kept: string;
}

/** Gives what was fetched the program's name, mode and owner by one rename; durable. Idempotent. @param old what was captured */
export async function placeBinary({ sha256 }: ArtifactRef, old: FileCopy, places: BinaryPlaces, { signal }: StepContext): Promise<StepResult> {
  if (await hasSha256(places.binary, sha256)) return STEP_OK;
  if (old.kind === 'none') throw new Error(`${places.binary} was captured as a file that is not there`);
  const copied = await copyVerified({ from: join(places.fetched, sha256), to: places.binaryDraft, sha256, mode: old.mode }, signal);
  if (!copied) return notStaged(sha256);
  await chown(places.binaryDraft, old.uid, old.gid);
  await placeKept(old, places.kept, places.previous);
  await rename(places.binaryDraft, places.binary);
  await syncFolder(dirname(places.binary));
  return STEP_OK;
}

export function notStaged(sha256: string): StepResult {
  return stepFailure('prior-unavailable', `artifact ${sha256} is gone or damaged since it was staged; start again`, sha256);
}
