import { isDeepStrictEqual } from 'node:util';

import type { ContainerdSettings } from '../../../shared/domain/steps/containerd-spec.ts';
import { removeToml } from '../../toml/remove-toml.ts';
import { setToml } from '../../toml/set-toml.ts';
import { isTable, parseToml, type TomlFile, valueAt } from '../../toml/toml-file.ts';
import type { TomlSetting } from '../../toml/toml-style.ts';
import type { RunProgram } from '../../ports/programs.ts';
import { besideOf, rewriteFile } from '../files/place-file.ts';
import { type ChangedSince, keepTheirs } from '../files/written-files.ts';
import type { StepContext } from '../step.ts';
import { installedContainerd } from './installed-containerd.ts';
import { proveDraft } from './place-config.ts';

const NOTHING: ContainerdSettings = { enableCri: false, defaultRuntime: null, runtimes: [], removeRuntimes: [], systemdCgroup: null, sandboxImage: null, snapshotter: null, registry: null, cdi: null, alsoFor: null };

/**
 * Takes back what the step did to a configuration that a person changed since, and leaves what they wrote; a key of the step's
 * that they set anew is theirs. Idempotent.
 *
 * @returns false where that cannot be done without doubt: their file is kept in the step's folder, and the one from before has
 * to come back as it was
 */
export async function undoConfig(run: RunProgram, { path, was, written, now }: ChangedSince, context: StepContext): Promise<boolean> {
  const undone = undoneText(was ?? '', written, now);
  const containerd = undone === null ? null : await installedContainerd(run, context);
  if (undone !== null && containerd?.ok === true && (await proveDraft(run, containerd.program, { path: besideOf(path), text: undone }, NOTHING, context)).ok) {
    await rewriteFile(path, undone);
    context.output(`${path} was changed since it was written here: what the step set was taken out of it, the rest stays\n`);
    return true;
  }
  await keepTheirs({ path, now }, context);
  return false;
}

/** Null where nobody can say what the person means. */
export function undoneText(was: string, written: string, now: string): string | null {
  const [before, after, current] = [was, written, now].map((text) => parseToml(text.replace(/^\uFEFF/, '')));
  if (before?.ok !== true || after?.ok !== true || current?.ok !== true) return null;
  // Names of plugins go with the version: where the step raised it, or they did, nothing is called as it was.
  const [old, ours, theirs] = [before, after, current].map(({ file }) => valueAt(file.tree, ['version']));
  if (theirs !== ours || (old !== ours && before.file.entries.length > 0)) return null;
  return undo(current.file, [], before.file.tree, after.file.tree)?.text ?? null;
}

/** Where it is as the step left it, it becomes what it was; null where that cannot be done. */
function undo(file: TomlFile, path: readonly string[], was: unknown, written: unknown): TomlFile | null {
  if (isDeepStrictEqual(was, written) || path[0] === 'version') return file;
  const isAsWritten = isDeepStrictEqual(valueAt(file.tree, path), written);
  if (was === undefined && isAsWritten) return removeToml(file, path);
  if (isTable(written) || isTable(was)) {
    const [before, after] = [isTable(was) ? was : {}, isTable(written) ? written : {}];
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].reduce<TomlFile | null>((left, key) => left && undo(left, [...path, key], before[key], after[key]), file);
  }
  if (!isAsWritten) return file;
  return isSetting(was) ? setToml(file, path, was) : null;
}

function isSetting(value: unknown): value is TomlSetting {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value) || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
}
