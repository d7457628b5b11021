import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { type StepFailure, stepFailure } from '../../steps/step.ts';

const READABLE_BY_ALL = 0o004;
const SEARCHABLE_BY_ALL = 0o001;
const WRITABLE_BY_OTHERS = 0o022;

export function isRootsAlone({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  return uid === 0 && (mode & WRITABLE_BY_OTHERS) === 0;
}

/**
 * A package system that cannot use a key says that the signature is of nobody: the cause is said here instead.
 * @param byAll the key is read by apt's unprivileged user.
 */
export async function refuseKey(source: string, path: string, byAll: boolean): Promise<StepFailure | null> {
  const problem = await problemWith(path, byAll);
  return problem === '' ? null : stepFailure('source-key-unusable', `package source ${source} is signed by ${path}, which ${problem}`, path);
}

async function problemWith(path: string, byAll: boolean): Promise<string> {
  const state = await stat(path).catch(() => null);
  if (state === null) return 'is not there; put the key of the source there';
  if (!state.isFile()) return 'is no file; put the key of the source there';
  if (state.size === 0) return 'is empty; put the key of the source there';
  // Who can write it says whose packages this host takes.
  if (!isRootsAlone(state)) return 'can be written by others than root; chown root and chmod 644 it';
  if (!byAll) return '';
  if ((state.mode & READABLE_BY_ALL) === 0) return 'apt’s own user cannot read; chmod 644 it';
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
    if (((await stat(folder)).mode & SEARCHABLE_BY_ALL) === 0) return `lies in ${folder}, where apt’s own user cannot go; chmod 755 it`;
  }
  return '';
}
