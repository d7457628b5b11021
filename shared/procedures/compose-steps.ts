import type { z } from 'zod';

import type { StepSpec } from '../domain/step-spec.ts';
import { compileSteps } from '../plan/compile-steps.ts';
import { GUARD_PREFIX } from '../plan/cross-check-plan.ts';
import { stepSection } from '../plan/plan-schema.ts';
import type { ComposedStep } from './composition.ts';

/** A step as a person would write it in a plan, with a name of its own. */
export type WantedStep = z.input<typeof stepSection> & { readonly name: string; readonly because: string };

/** Composed steps are those of a plan: what a plan leaves out has the same default here, and a revert finds the same guards. */
export function composeSteps(wanted: readonly WantedStep[]): readonly ComposedStep[] {
  const reasons = new Map(wanted.map(({ name, because }) => [name, because]));
  const steps = compileSteps(wanted.map(({ because: _, ...step }) => stepSection.parse(step)));
  return steps.map((step) => ({ step, because: reasons.get(step.name) ?? whyGuard(step) }));
}

function whyGuard({ kind, name }: StepSpec): string {
  if (kind === 'kubelet_runtime') return 'a revert comes by here: the Node gets the runtime back that kubeadm reads of it';
  return `a revert ends here: ${name.slice(GUARD_PREFIX.length)} is brought up again as it was and proved`;
}
