import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { SourceState } from '../../ports/package-system.ts';
import { type StepFailure, stepFailure } from '../../steps/step.ts';
import { isRootsAlone, refuseKey } from '../packages/source-file.ts';

export interface CopiedRepos {
  readonly ok: true;
  /** Files that hold the keys which the sources name. */
  readonly keys: readonly string[];
}

/** Brings named sources to a folder. */
export async function copyRepos(sourcesDir: string, names: readonly string[], into: string): Promise<CopiedRepos | StepFailure> {
  const keys: string[] = [];
  for (const name of names) {
    const found = await lookAtRepo(sourcesDir, name);
    if (!found.ok) return found;
    keys.push(...found.keys);
    await writeFile(join(into, `${name}.repo`), withChecks(found.text));
  }
  return { ok: true, keys };
}

/** Judged as they are brought. */
export async function reposHere(sourcesDir: string): Promise<readonly SourceState[]> {
  const states: SourceState[] = [];
  for (const file of (await readdir(sourcesDir).catch((): string[] => [])).filter((each) => each.endsWith('.repo')).toSorted()) {
    const name = file.slice(0, -'.repo'.length);
    const found = await lookAtRepo(sourcesDir, name);
    states.push({ name, problem: found.ok ? null : found.outcome.message });
  }
  return states;
}

/** A source is `NAME.repo`, a file of sections as dnf.conf(5) and zypper(8) know them. */
async function lookAtRepo(sourcesDir: string, name: string): Promise<{ readonly ok: true; readonly text: string; readonly keys: readonly string[] } | StepFailure> {
  const path = join(sourcesDir, `${name}.repo`);
  const state = await stat(path).catch(() => null);
  if (state === null) return stepFailure('source-unknown', `package source ${name} is not on this host; an admin writes ${path}`, name);
  // Who can write it says what this host trusts.
  if (!isRootsAlone(state)) return stepFailure('not-allowed', `${path} can be written by others than root; chown root and chmod 644 it`, name);
  const text = await readFile(path, 'utf8');
  const keys: string[] = [];
  for (const key of keysOf(text)) {
    // Whoever answers there would say whose packages this host takes, and a host without a link could not ask.
    if (!key.startsWith('file:///')) return stepFailure('source-key-unusable', `package source ${name} has its key at ${key}; put the key on this host and write gpgkey=file:///...`, key);
    const file = key.slice('file://'.length);
    const refused = await refuseKey(name, file, false);
    if (refused !== null) return refused;
    keys.push(file);
  }
  return { ok: true, text, keys };
}

/** Each section checks signatures unless it says itself that it does not: the host's own settings have no say in it. */
export function withChecks(text: string): string {
  const checked = (section: string): boolean => !section.startsWith('[') || /^gpgcheck\s*[=:]/im.test(section);
  return text.split(/^(?=\[)/m).map((section) => (checked(section) ? section : section.replace(/\n|$/, '\ngpgcheck=1\n'))).join('');
}

/** `gpgkey=A, B` of dnf.conf(5), lines that go on included. */
export function keysOf(text: string): readonly string[] {
  return [...text.matchAll(/^gpgkey\s*[=:](.*(?:\n[ \t]+.*)*)/gim)].flatMap(([, value = '']) => value.split(/[\s,]+/)).filter((word) => word !== '');
}
