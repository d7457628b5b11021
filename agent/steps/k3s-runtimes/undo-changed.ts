import { basename, join } from 'node:path';

import type { K3sRuntimesSpec } from '../../../shared/domain/steps/k3s-runtimes-spec.ts';
import { textIfReadable } from '../files/file-text.ts';
import type { PathCopy } from '../files/path-copies.ts';
import { rewriteFile } from '../files/place-file.ts';
import { keepTheirs } from '../files/written-files.ts';
import type { StepContext } from '../step.ts';
import { TEMPLATE_KINDS, undoneTemplate } from './containerd-template.ts';
import { mergeRegistries } from './merge-registries.ts';

/**
 * Files that a person changed since the step wrote them: a template loses what the step added and keeps theirs; of registries
 * theirs is kept in the step's folder, and the file comes back as it was. Idempotent.
 *
 * @returns those of the copies that still have to be brought back
 */
export async function undoChanged(copies: readonly PathCopy[], copiesFolder: string, { runtimes, mirrors }: K3sRuntimesSpec, context: StepContext): Promise<readonly PathCopy[]> {
  const left: PathCopy[] = [];
  for (const copy of copies) if (!(await isUndone(copy))) left.push(copy);
  return left;

  async function isUndone(copy: PathCopy): Promise<boolean> {
    const now = copy.kind === 'file' || copy.kind === 'none' ? await textIfReadable(copy.path) : null;
    const was = copy.kind === 'file' ? await textIfReadable(join(copiesFolder, copy.sha256)) : null;
    // A copy that is gone is told by whoever brings it back.
    if (now === null || now === was || (copy.kind === 'file' && was === null)) return false;
    const kind = TEMPLATE_KINDS.find(({ file }) => file === basename(copy.path));
    if (kind === undefined) {
      // Nothing of these was the plan's.
      if (mirrors.length === 0) return true;
      if (now !== (await mergeRegistries(was, mirrors))) await keepTheirs({ path: copy.path, now }, context);
      return false;
    }
    const undone = undoneTemplate(now, was, kind, runtimes);
    if (undone === null) return false;
    if (undone !== now) await rewriteFile(copy.path, undone);
    context.output(`${copy.path} was changed since it was written here: what the step added was taken out of it, the rest stays\n`);
    return true;
  }
}
