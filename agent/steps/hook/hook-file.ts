import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';

import { sha256Of } from '../../../shared/files/sha256-of.ts';
import { type StepFailure, stepFailure } from '../step.ts';

/** A hook as it lies in its folder. */
export interface HookFile {
  readonly path: string;
  readonly sha256: string;
  /** It knows the verb `check` too. */
  readonly checks: boolean;
}

const HEAD_BYTES = 4096;
/** A line of its own among the first ones, behind the sign of a comment. */
const CHECKS = /^\s*(?:#|\/\/|--|;)\s*farrier-hook:\s*check\s*$/m;
const WRITABLE_BY_OTHERS = 0o022;
const EXECUTABLE = 0o100;

/** Finds a hook that root alone could have put there. */
export async function findHook(folder: string, name: string): Promise<{ readonly ok: true; readonly hook: HookFile } | StepFailure> {
  const path = join(folder, name);
  const place = await lookAt(folder);
  const state = await lookAt(path);
  if (place === null || state === null) return stepFailure('hook-unknown', `hook ${name} is not on this host; an admin writes ${path}`, name);
  const wrong = place.isDirectory() ? problemWith(place) : 'is no folder';
  if (wrong !== '') return stepFailure('hook-unknown', `${folder} ${wrong}`, name);
  const problem = state.isFile() ? problemWith(state) : `is ${state.isSymbolicLink() ? 'a link' : 'no regular file'}; put the program itself there`;
  if (problem !== '') return stepFailure('hook-unknown', `${path} ${problem}`, name);
  if ((state.mode & EXECUTABLE) === 0) return stepFailure('hook-unknown', `${path} cannot be run; chmod 755 it`, name);
  return { ok: true, hook: { path, sha256: await sha256Of(path), checks: CHECKS.test(await headOf(path)) } };
}

function lookAt(path: string) {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

function problemWith({ uid, mode }: { readonly uid: number; readonly mode: number }): string {
  if (uid !== 0) return `belongs to the user ${uid}; chown root it`;
  return (mode & WRITABLE_BY_OTHERS) === 0 ? '' : 'can be written by others than root; chmod go-w it';
}

async function headOf(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(HEAD_BYTES) });
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
