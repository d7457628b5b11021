import { rm } from 'node:fs/promises';

import type { ContainerdSettings } from '../../../shared/domain/steps/containerd-spec.ts';
import { writeSynced } from '../../../shared/files/write-durably.ts';
import type { RunProgram } from '../../ports/programs.ts';
import { makeFolders } from '../files/made-folders.ts';
import { besideOf, rewriteFile } from '../files/place-file.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';
import type { ConfigDraft } from './draft-config.ts';
import { effectiveProblems } from './effective-config.ts';

const SAID_MAX = 400;

/**
 * Brings the files of a draft there, each whole or not at all; idempotent. The configuration comes last, and only once
 * containerd itself has read it, where it will lie: what it imports may be relative to that.
 */
export async function placeConfig(run: RunProgram, { containerd, files }: ConfigDraft, settings: ContainerdSettings, context: StepContext): Promise<StepResult> {
  for (const { path, text } of files) {
    await makeFolders(path);
    if (path === containerd.configFile) {
      const proved = await proveDraft(run, containerd.program, { path: besideOf(path), text }, settings, context);
      if (!proved.ok) return proved;
    }
    await rewriteFile(path, text);
  }
  return STEP_OK;
}

/** `containerd --config DRAFT config dump` needs no daemon. @param draft is gone afterwards. */
export async function proveDraft(run: RunProgram, program: string, draft: { readonly path: string; readonly text: string }, settings: ContainerdSettings, { signal, output }: StepContext): Promise<StepResult> {
  // A credential may stand in it.
  await writeSynced(draft.path, draft.text, 0o600);
  try {
    const { code, stdout, stderr } = await run([program, '--config', draft.path, 'config', 'dump'], { signal });
    output(stderr);
    if (code !== 0) return stepFailure('config-refused', `draft-unread: containerd does not read what the plan makes of its configuration: ${stderr.trim().split('\n').at(-1)?.slice(0, SAID_MAX) ?? ''}`);
    const problems = effectiveProblems(stdout, settings);
    return problems.length === 0 ? STEP_OK : stepFailure('config-refused', `draft-without-effect: containerd would do other than the plan says: ${problems.join('; ')}`);
  } finally {
    await rm(draft.path, { force: true });
  }
}
