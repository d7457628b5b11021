import type { CheckPlanResponse__Output as CheckedPlan } from '../../../shared/wire/messages.ts';
import { plainText } from './plain-text.ts';

const NODES_SHOWN_MAX = 8;

/** What the plan would do to the fleet as it is now. */
export function printPlan({ waves, steps, maxUnavailable }: CheckedPlan): readonly string[] {
  const nodes = waves.reduce((sum, wave) => sum + wave.nodes.length, 0);
  return [
    `the plan is good: ${nodes} nodes, at most ${maxUnavailable} unavailable at a time`,
    ...waves.map(({ name, nodes: ofWave }, index) => plainText(`  wave ${index + 1} ${name}: ${ofWave.length === 0 ? 'no node' : named(ofWave)}`)),
    ...printSteps(steps),
  ];
}

export function printSteps(steps: readonly string[]): readonly string[] {
  return ['  on each node:', ...steps.map((step, index) => plainText(`    ${index + 1}. ${step}`))];
}

function named(nodes: readonly string[]): string {
  const rest = nodes.length - NODES_SHOWN_MAX;
  return `${nodes.slice(0, NODES_SHOWN_MAX).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
