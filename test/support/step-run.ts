import type { StepContext, StepExecutor, StepFailure } from '../../agent/steps/step.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';

/** `ok`, or the outcome's code with what it names. */
export function codeOf(result: { readonly ok: true } | StepFailure): string {
  return result.ok ? 'ok' : `${result.outcome.code} ${result.outcome.object}`.trim();
}

/** Stage, check and capture, as the runner does before anything is changed. @throws where one of them fails. */
export async function upToCapture<Spec extends StepSpec, Prior>(step: StepExecutor<Spec, Prior>, spec: Spec, context: StepContext): Promise<Prior> {
  for (const result of [await step.stage(spec, context), await step.check(spec, context)]) if (!result.ok) throw new Error(codeOf(result));
  const captured = await step.capture(spec, context);
  if (!captured.ok) throw new Error(codeOf(captured));
  // It goes over disk as JSON.
  return JSON.parse(JSON.stringify(captured.prior)) as Prior;
}

/** All of it. @returns how verify went, or what failed before. */
export async function runWhole<Spec extends StepSpec, Prior>(step: StepExecutor<Spec, Prior>, spec: Spec, context: StepContext): Promise<{ readonly prior: Prior; readonly code: string }> {
  const prior = await upToCapture(step, spec, context);
  const applied = await step.apply(spec, prior, context);
  return { prior, code: codeOf(applied.ok ? await step.verify(spec, prior, context) : applied) };
}
