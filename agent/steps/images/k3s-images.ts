import { lstat, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { ImagesSpec } from '../../../shared/domain/steps/images-spec.ts';
import { hasSha256 } from '../../../shared/files/part-file.ts';
import type { K3s } from '../../ports/k3s.ts';
import { type FileCopy, isBack, isKept, keepFile, restoreFile } from '../kept-files.ts';
import { draftFolderOf, placeArchive } from '../k3s/place-archive.ts';
import { type CaptureResult, type CheckResult, STEP_OK, type StepContext, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import { fetchedFolder } from './stage-archives.ts';

export interface K3sPrior {
  readonly kind: 'k3s';
  readonly imagesFolder: string;
  readonly hadImagesFolder: boolean;
  readonly copies: readonly FileCopy[];
}

type Archives = Extract<ImagesSpec['source'], { readonly kind: 'k3s' }>['archives'];

const UNITS = ['k3s.service', 'k3s-agent.service'];

/** K3s' folder of images, whether or not it is there yet. */
export async function imagesFolderOf(k3s: K3s, signal: AbortSignal): Promise<string | StepFailure> {
  for (const unit of UNITS) {
    const found = await k3s.unit(unit, signal);
    if (found !== null) return join(found.dataDir, 'agent/images');
  }
  return stepFailure('unit-not-found', `this host has no ${UNITS.join(' and no ')} that runs K3s`, UNITS[0]);
}

export async function checkK3sImages(k3s: K3s, archives: Archives, { signal }: StepContext): Promise<CheckResult> {
  const folder = await imagesFolderOf(k3s, signal);
  if (typeof folder !== 'string') return folder;
  return { ok: true, state: (await firstLacking(folder, archives)) === null ? 'satisfied' : 'needed' };
}

export async function captureK3sImages(k3s: K3s, archives: Archives, context: StepContext): Promise<CaptureResult<K3sPrior>> {
  const imagesFolder = await imagesFolderOf(k3s, context.signal);
  if (typeof imagesFolder !== 'string') return imagesFolder;
  const hadImagesFolder = (await lstat(imagesFolder).catch(() => null)) !== null;
  const copies: FileCopy[] = [];
  for (const { fileName } of archives) copies.push(await keepFile(join(imagesFolder, fileName), keptFolder(context)));
  return { ok: true, prior: { kind: 'k3s', imagesFolder, hadImagesFolder, copies } };
}

export async function applyK3sImages(archives: Archives, { imagesFolder }: K3sPrior, context: StepContext): Promise<StepResult> {
  for (const { fileName, sha256, images } of archives) {
    const place = join(imagesFolder, fileName);
    const names = images.map(({ name }) => name).join(', ');
    if (await hasSha256(place, sha256)) {
      context.output(`${names}: in ${place} already\n`);
      continue;
    }
    if (!(await placeArchive({ from: join(fetchedFolder(context), sha256), sha256, place }, context.signal))) return stepFailure('prior-unavailable', `artifact ${sha256} is gone or damaged since it was staged; start again`, sha256);
    context.output(`${names}: put into ${place}\n`);
  }
  await rm(draftFolderOf(imagesFolder), { recursive: true, force: true });
  return STEP_OK;
}

export async function verifyK3sImages(archives: Archives, { imagesFolder }: K3sPrior): Promise<StepResult> {
  const lacking = await firstLacking(imagesFolder, archives);
  return lacking === null ? STEP_OK : stepFailure('verify-failed', `${lacking} is not what was staged`, lacking);
}

export async function revertK3sImages({ imagesFolder, hadImagesFolder, copies }: K3sPrior, context: StepContext): Promise<StepResult> {
  for (const copy of copies) {
    if (hadImagesFolder || copy.kind === 'file' || (await lstat(imagesFolder).catch(() => null)) !== null) {
      if (!(await restoreFile(copy, keptFolder(context)))) return stepFailure('revert-failed', `${copy.path} cannot be brought back, what was kept of it is gone`, copy.path);
    }
  }
  await rm(draftFolderOf(imagesFolder), { recursive: true, force: true });
  // Only where nothing but ours lay there.
  if (!hadImagesFolder) await rmdir(imagesFolder).catch(() => undefined);
  return STEP_OK;
}

export async function canRevertK3sImages({ copies }: K3sPrior, context: StepContext): Promise<StepResult> {
  for (const copy of copies) {
    if (!(await isBack(copy)) && !(await isKept(copy, keptFolder(context)))) return stepFailure('prior-unavailable', `what was kept of ${copy.path} is gone or damaged`, copy.path);
  }
  return STEP_OK;
}

async function firstLacking(folder: string, archives: Archives): Promise<string | null> {
  for (const { fileName, sha256 } of archives) if (!(await hasSha256(join(folder, fileName), sha256))) return join(folder, fileName);
  return null;
}

function keptFolder({ folder }: Pick<StepContext, 'folder'>): string {
  return join(folder, 'kept');
}
