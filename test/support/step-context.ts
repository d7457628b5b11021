import type { StepContext } from '../../agent/steps/step.ts';

/** What a step gets to work with, where a test does not say otherwise. */
export function stepContext(change: Partial<StepContext> = {}): StepContext {
  const never = new AbortController().signal;
  return { folder: '/nowhere', output: () => undefined, signal: never, stop: never, bootedSince: false, node: 'n', rollout: 'r1', earlier: [], ...change };
}
