import type { PlannedProcedure } from '../../shared/procedures/composition.ts';

/** For each node of each hop its name, then its steps as `name: condition`. @throws where the procedure found problems. */
export function composedLines(planned: PlannedProcedure): string[][] {
  if (!planned.ok) throw new Error(planned.problems.map(({ message }) => message).join('\n'));
  return planned.hops.flatMap(({ steps }) => [...steps].map(([node, composed]) => [node, ...composed.map(({ step, because }) => `${step.name}: ${because}`)]));
}
