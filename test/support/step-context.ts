import type { StepContext } from '../../agent/steps/step.ts';

/** What a step gets to work with, where a test does not say otherwise. */
export function stepContext(change: Partial<StepContext> = {}): StepContext {
  return { folder: '/nowhere', output: () => undefined, signal: new AbortController().signal, node: 'n', rollout: 'r1', earlier: [], ...change };
}
