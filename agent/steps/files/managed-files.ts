import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { DriftPolicy } from '../../../shared/domain/steps/files-spec.ts';
import { releaseSpace, reserveSpace } from '../packages/reserve.ts';
import { STEP_OK, type StepContext, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import type { DriftMemory } from './drift-memory.ts';
import { type FileCopy, hasCopy, putCopyBack, takeCopy } from './file-copy.ts';
import { differences, type FileState, readFileState, sameState } from './file-state.ts';
import { makeFolders, missingFolders, removeMadeFolders } from './made-folders.ts';
import { pathProblem } from './path-problem.ts';
import { placeFile, removeFile } from './place-file.ts';

/** Larger ones are no settings. */
const FILE_MAX_BYTES = 16 * 1024 * 1024;
/** For names and folders. */
const SLACK_BYTES = 64 * 1024;

/** A file as it is to be. `uid` and `gid` null: nobody of that name is there yet. */
export type WantedFile =
  | { readonly path: string; readonly state: 'present'; readonly content: Buffer; readonly mode: number; readonly uid: number | null; readonly gid: number | null }
  | { readonly path: string; readonly state: 'absent' };

export interface ManagedFilesPrior {
  readonly files: readonly { readonly copy: FileCopy; readonly memory: FileState | null }[];
  /** Were not there; outermost first. */
  readonly folders: readonly string[];
}

/** What is wrong with bringing these files about: a path that cannot be managed, or one that drifted. Reads only. */
export async function refuseFiles(memory: DriftMemory, wanted: readonly WantedFile[], onDrift: DriftPolicy): Promise<StepFailure | null> {
  const drifted: { readonly path: string; readonly how: string }[] = [];
  for (const file of wanted) {
    const problem = await pathProblem(file.path);
    if (problem !== '') return stepFailure('path-refused', problem, file.path);
    const now = await readFileState(file.path);
    const left = await memory.recall(file.path);
    // A kill between the file and its memory leaves what is wanted: no drift.
    if (left === null || sameState(now, left) || sameState(now, stateOf(file))) continue;
    drifted.push({ path: file.path, how: differences(now, left).join(', ') });
  }
  if (drifted.length === 0 || onDrift === 'overwrite') return null;
  const list = drifted.map(({ path, how }) => `${path} is not as it was left: ${how}`).join('; ');
  return stepFailure('drifted', `${list}. See who changed it, or write onDrift: overwrite in the plan`, drifted[0]?.path);
}

export async function areThere(wanted: readonly WantedFile[]): Promise<boolean> {
  for (const file of wanted) if (!sameState(await readFileState(file.path), stateOf(file))) return false;
  return true;
}

/** Copies all that will change, and takes the room that putting it back needs. */
export async function captureFiles(memory: DriftMemory, wanted: readonly WantedFile[], context: StepContext): Promise<{ readonly ok: true; readonly prior: ManagedFilesPrior } | StepFailure> {
  const folder = copiesFolder(context);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files: ManagedFilesPrior['files'][number][] = [];
  let bytes = SLACK_BYTES;
  for (const { path } of wanted) {
    const size = (await lstat(path).catch(() => null))?.size ?? 0;
    if (size > FILE_MAX_BYTES) return stepFailure('path-refused', `${path} has ${Math.ceil(size / 1024 / 1024)} MiB; ${FILE_MAX_BYTES / 1024 / 1024} MiB is the most that can be kept for going back`, path);
    bytes += size;
    files.push({ copy: await takeCopy(path, folder), memory: await memory.recall(path) });
  }
  await reserveSpace(context.folder, bytes);
  return { ok: true, prior: { files, folders: await missingFolders(wanted.flatMap(({ path, state }) => (state === 'present' ? [path] : []))) } };
}

/** Idempotent. The file first and its memory after it: see `refuseFiles`. */
export async function applyFiles(memory: DriftMemory, wanted: readonly WantedFile[]): Promise<StepResult> {
  for (const file of wanted) {
    const state = stateOf(file);
    if (!sameState(await readFileState(file.path), state)) {
      if (file.state === 'absent') await removeFile(file.path);
      else {
        await makeFolders(file.path);
        await placeFile(file.path, file.content, { mode: file.mode, uid: file.uid ?? 0, gid: file.gid ?? 0 });
      }
    }
    await memory.remember(file.path, state);
  }
  return STEP_OK;
}

export async function verifyFiles(wanted: readonly WantedFile[]): Promise<StepResult> {
  for (const file of wanted) {
    const wrong = differences(await readFileState(file.path), stateOf(file));
    if (wrong.length > 0) return stepFailure('verify-failed', `${file.path} is not what was written: ${wrong.join(', ')}`, file.path);
  }
  return STEP_OK;
}

/** Idempotent; whatever is there now. */
export async function revertFiles(memory: DriftMemory, prior: ManagedFilesPrior, context: StepContext): Promise<StepResult> {
  await releaseSpace(context.folder);
  for (const { copy, memory: remembered } of prior.files.toReversed()) {
    if (!(await putCopyBack(copy, copiesFolder(context)))) return stepFailure('revert-failed', `the copy of ${copy.path} is gone or damaged`, copy.path);
    await memory.remember(copy.path, remembered);
  }
  await removeMadeFolders(prior.folders, context);
  for (const { copy } of prior.files) {
    const wrong = copy.kind === 'other' || copy.kind === 'link' ? [] : differences(await readFileState(copy.path), copy);
    if (wrong.length > 0) return stepFailure('revert-failed', `${copy.path} is not as it was found: ${wrong.join(', ')}`, copy.path);
  }
  return STEP_OK;
}

export async function canRevertFiles(prior: ManagedFilesPrior, context: StepContext): Promise<StepResult> {
  for (const { copy } of prior.files) {
    if (!(await hasCopy(copy, copiesFolder(context)))) return stepFailure('prior-unavailable', `the copy of ${copy.path} is gone or damaged`, copy.path);
  }
  return STEP_OK;
}

function stateOf(file: WantedFile): FileState {
  if (file.state === 'absent') return { kind: 'none' };
  // -1 is nobody's: such a file is not there yet.
  return { kind: 'file', sha256: createHash('sha256').update(file.content).digest('hex'), mode: file.mode, uid: file.uid ?? -1, gid: file.gid ?? -1 };
}

function copiesFolder(context: StepContext): string {
  return join(context.folder, 'files');
}
