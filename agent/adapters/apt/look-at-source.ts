import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { type StepFailure, stepFailure } from '../../steps/step.ts';
import { isRootsAlone, refuseKey } from '../packages/source-file.ts';
import { type DebFolder, lookAtDebFolder } from './deb-folder.ts';
import { keyPathsOf } from './source-keys.ts';

export interface FoundSource {
  readonly ok: true;
  /** Names of files in the folder of sources. */
  readonly files: readonly string[];
  readonly debs: DebFolder | null;
}

const ENDINGS = ['.sources', '.list'];

/**
 * A source is `NAME.sources`, `NAME.list`, or a folder of .debs `NAME`, which may be a link. Looks at what lies on the host
 * and changes nothing.
 *
 * @param byAll apt fetches as its own unprivileged user, who has to read the keys.
 */
export async function lookAtSource(sourcesDir: string, name: string, byAll: boolean): Promise<FoundSource | StepFailure> {
  const files: string[] = [];
  for (const file of ENDINGS.map((ending) => name + ending)) {
    const path = join(sourcesDir, file);
    const state = await stat(path).catch(() => null);
    if (state === null) continue;
    // Who can write it says what this host trusts.
    if (!isRootsAlone(state)) return stepFailure('not-allowed', `${path} can be written by others than root; chown root and chmod 644 it`, name);
    for (const key of keyPathsOf(await readFile(path, 'utf8'))) {
      const refused = await refuseKey(name, key, byAll);
      if (refused !== null) return refused;
    }
    files.push(file);
  }
  const folder = join(sourcesDir, name);
  const debs = (await isFolder(folder)) ? await lookAtDebFolder(name, folder) : null;
  if (debs?.ok === false) return debs;
  if (files.length === 0 && debs === null) return stepFailure('source-unknown', `package source ${name} is not on this host; an admin writes ${folder}.sources`, name);
  return { ok: true, files, debs };
}

/** What a plan could name. */
export async function sourceNames(sourcesDir: string): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const entry of (await readdir(sourcesDir).catch((): string[] => [])).toSorted()) {
    const ending = ENDINGS.find((each) => entry.endsWith(each));
    if (ending !== undefined) names.add(entry.slice(0, -ending.length));
    else if (await isFolder(join(sourcesDir, entry))) names.add(entry);
  }
  return [...names];
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() === true;
}
