import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { type StepFailure, stepFailure } from '../../steps/step.ts';

const READABLE_BY_ALL = 0o004;
const SEARCHABLE_BY_ALL = 0o001;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Paths that a source names as its keys: `Signed-By:` of sources.list(5) in deb822, lines that go on included, and
 * `[signed-by=A,B]` of the one-line style. A fingerprint and a key written out are no paths.
 */
export function keyPathsOf(text: string): readonly string[] {
  const values = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .matchAll(/^Signed-By:((?:.*)(?:\n[ \t]+.*)*)|\[[^\]\n]*\bsigned-by=([^\]\s]+)[^\]\n]*\]/gim);
  return [...values].flatMap(([, field = '', option = '']) => `${field} ${option}`.split(/[\s,]+/)).filter((word) => word.startsWith('/'));
}

/**
 * apt skips a key that it cannot read and says that the signature is of nobody: the cause is said here instead.
 * @param byAll the key is read by apt's unprivileged user.
 */
export async function refuseKeys(source: string, text: string, byAll: boolean): Promise<StepFailure | null> {
  for (const path of keyPathsOf(text)) {
    const problem = await problemWith(path, byAll);
    if (problem !== '') return stepFailure('source-key-unusable', `package source ${source} is signed by ${path}, which ${problem}`, path);
  }
  return null;
}

async function problemWith(path: string, byAll: boolean): Promise<string> {
  const state = await stat(path).catch(() => null);
  if (state === null) return 'is not there; put the key of the source there';
  if (!state.isFile()) return 'is no file; put the key of the source there';
  if (state.size === 0) return 'is empty; put the key of the source there';
  // Who can write it says whose packages this host takes.
  if (state.uid !== 0 || (state.mode & WRITABLE_BY_OTHERS) !== 0) return 'can be written by others than root; chown root and chmod 644 it';
  if (!byAll) return '';
  if ((state.mode & READABLE_BY_ALL) === 0) return 'apt’s own user cannot read; chmod 644 it';
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
    if (((await stat(folder)).mode & SEARCHABLE_BY_ALL) === 0) return `lies in ${folder}, where apt’s own user cannot go; chmod 755 it`;
  }
  return '';
}
