import { basename, join } from 'node:path';

import { writeDurably } from '../../../shared/files/write-durably.ts';
import type { StepContext } from '../step.ts';
import { copiesFolder } from './copies-kept.ts';
import { textIfReadable } from './file-text.ts';
import { isAsCopied, type PathCopy } from './path-copies.ts';

/** A file that a step writes. */
export interface WrittenFile {
  readonly path: string;
  readonly text: string;
}

/** A file that is neither what the step found nor what it wrote: somebody was there since. */
export interface ChangedSince {
  readonly path: string;
  /** Null: there was none, or a link. */
  readonly was: string | null;
  readonly written: string;
  readonly now: string;
}

type Folder = Pick<StepContext, 'folder'>;

const WRITTEN = 'written.json';

/**
 * Before they are written: a revert has to tell them from what a person wrote since. What a person wrote after an earlier
 * attempt is still told from what that one wrote.
 */
export async function rememberWritten(files: readonly WrittenFile[], copies: readonly PathCopy[], context: Folder): Promise<void> {
  const theirs = (await changedSince(copies, context)).map(({ path }) => path);
  const ours = files.filter(({ path }) => !theirs.includes(path));
  const before = ((await remembered(context)) ?? []).filter(({ path }) => ours.every((file) => file.path !== path));
  if (ours.length > 0) await writeDurably(join(context.folder, WRITTEN), JSON.stringify([...before, ...ours]));
}

export async function changedSince(copies: readonly PathCopy[], context: Folder): Promise<readonly ChangedSince[]> {
  const changed: ChangedSince[] = [];
  for (const { path, text: written } of (await remembered(context)) ?? []) {
    const copy = copies.find((one) => one.path === path);
    const now = await textIfReadable(path);
    if (now === null || now === written || copy === undefined || copy.kind === 'folder') continue;
    // What a step writes takes a link's place.
    if (copy.kind === 'link' && (await isAsCopied(copy))) continue;
    const was = copy.kind === 'file' ? await textIfReadable(join(copiesFolder(context), copy.sha256)) : null;
    // A copy that is gone is told by whoever needs it.
    if (now !== was && (was !== null || copy.kind !== 'file')) changed.push({ path, was, written, now });
  }
  return changed;
}

/** Those that a revert has to bring back: what the step never wrote is not its own. All where nobody remembers. */
export async function writtenCopies(copies: readonly PathCopy[], context: Folder): Promise<readonly PathCopy[]> {
  const files = await remembered(context);
  return files === null ? copies : copies.filter((copy) => files.some(({ path }) => path === copy.path));
}

/** Before what a person made of a file goes. Idempotent. */
export async function keepTheirs({ path, now }: Pick<ChangedSince, 'path' | 'now'>, { folder, output }: Pick<StepContext, 'folder' | 'output'>): Promise<void> {
  const kept = join(folder, `changed-${basename(path)}`);
  await writeDurably(kept, now);
  output(`${path} was changed since it was written here and is put back as it was before; what it was now is kept in ${kept}\n`);
}

/** An older agent remembered one file, not in a list. */
async function remembered({ folder }: Folder): Promise<readonly WrittenFile[] | null> {
  const text = await textIfReadable(join(folder, WRITTEN));
  return text === null ? null : [JSON.parse(text) as WrittenFile | readonly WrittenFile[]].flat();
}
