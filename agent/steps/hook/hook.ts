import { access } from 'node:fs/promises';
import { join } from 'node:path';

import type { Outcome } from '../../../shared/domain/journal-record.ts';
import type { HookSpec } from '../../../shared/domain/steps/hook-spec.ts';
import { writeDurably } from '../../../shared/files/write-durably.ts';
import type { RunProgram } from '../../ports/programs.ts';
import { STEP_OK, type StepContext, type StepExecutor, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import { findHook } from './hook-file.ts';

export interface HookPrior {
  /** Of the hook as it was before its first call that may change anything. */
  readonly sha256: string;
}

type Verb = 'check' | 'apply' | 'verify' | 'revert';

/** What `check` says with its exit code; anything else is a failure. */
const CHECK_SATISFIED = 0;
const CHECK_NEEDED = 100;

/**
 * Runs `FOLDER/NAME VERB ARGS...` as root in `/`, with nothing in its environment but PATH, HOME, LC_ALL and
 *
 *   FARRIER_NODE, FARRIER_ROLLOUT   names
 *   FARRIER_STEP                    the step's name
 *   FARRIER_STEP_FOLDER             this step's own, on disk, root only: what `apply` leaves there `revert` finds
 *
 * `apply`, `verify` and `revert` end with 0 where it went well. Each may be called again after it was killed anywhere.
 * A hook with a line `# farrier-hook: check` among its first is asked `check` before: 0 nothing to do, 100 something.
 */
export function hookStep(run: RunProgram, hooksDir: string): StepExecutor<HookSpec, HookPrior> {
  const call = async (verb: Verb, spec: HookSpec, path: string, context: StepContext): Promise<number> => {
    const env = { FARRIER_NODE: context.node, FARRIER_ROLLOUT: context.rollout, FARRIER_STEP: spec.name, FARRIER_STEP_FOLDER: context.folder };
    const { signal, output } = context;
    return (await run([path, verb, ...spec.args], { signal, output, env, cwd: '/' })).code;
  };
  /** A hook that changed since is another program: what it would do to this host nobody agreed to. */
  const callSame = async (verb: Verb, otherwise: Outcome['code'], spec: HookSpec, prior: HookPrior, context: StepContext): Promise<StepResult> => {
    const found = await findHook(hooksDir, spec.hook);
    if (!found.ok) return found;
    const changed = differs(spec, prior, found.hook.sha256);
    if (changed !== null) return changed;
    const code = await call(verb, spec, found.hook.path, context);
    return code === 0 ? STEP_OK : stepFailure(otherwise, `hook ${spec.hook} ${verb} ended with exit code ${code}; what it printed is on the host`, spec.hook);
  };
  return {
    kind: 'hook',
    stage: async (spec) => {
      const found = await findHook(hooksDir, spec.hook);
      return found.ok ? STEP_OK : found;
    },
    check: async (spec, context) => {
      const found = await findHook(hooksDir, spec.hook);
      if (!found.ok) return found;
      if (!found.hook.checks) return { ok: true, state: 'needed' };
      const code = await call('check', spec, found.hook.path, context);
      if (code === CHECK_SATISFIED) return { ok: true, state: 'satisfied' };
      if (code === CHECK_NEEDED) return { ok: true, state: 'needed' };
      return stepFailure('apply-failed', `hook ${spec.hook} check ended with exit code ${code}, which is neither ${CHECK_SATISFIED} (nothing to do) nor ${CHECK_NEEDED} (something to do)`, spec.hook);
    },
    capture: async (spec) => {
      const found = await findHook(hooksDir, spec.hook);
      return found.ok ? { ok: true, prior: { sha256: found.hook.sha256 } } : found;
    },
    apply: async (spec, prior, context) => {
      await writeDurably(startedFile(context), '');
      return callSame('apply', 'apply-failed', spec, prior, context);
    },
    verify: (spec, prior, context) => callSame('verify', 'verify-failed', spec, prior, context),
    // One that never ran has nothing to take back, and may not know what to do when asked to.
    revert: async (spec, prior, context) => ((await wasStarted(context)) ? callSame('revert', 'revert-failed', spec, prior, context) : STEP_OK),
    canRevert: async (spec, prior) => {
      const found = await findHook(hooksDir, spec.hook);
      return found.ok ? (differs(spec, prior, found.hook.sha256) ?? STEP_OK) : found;
    },
    pointOfNoReturn: ({ hook, reversible }) => (reversible ? null : `hook ${hook} ran, which cannot be taken back`),
    // How far it came only it knows: begun is taken for done.
    crossed: async ({ reversible }, _prior, context) => !reversible && (await wasStarted(context)),
  };
}

function differs({ hook }: HookSpec, prior: HookPrior, sha256: string): StepFailure | null {
  if (sha256 === prior.sha256) return null;
  return stepFailure('hook-changed', `hook ${hook} is another program than when this step began (sha256 ${sha256.slice(0, 12)}, was ${prior.sha256.slice(0, 12)}); put the one that began back, then go on`, hook);
}

function startedFile({ folder }: StepContext): string {
  return join(folder, 'hook-started');
}

function wasStarted(context: StepContext): Promise<boolean> {
  return access(startedFile(context)).then(() => true, () => false);
}
