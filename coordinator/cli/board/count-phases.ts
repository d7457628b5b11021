import type { RolloutNode__Output as RolloutNode } from '../../../shared/wire/messages.ts';
import { plainText } from '../print/plain-text.ts';

/** `12 done, 1 reverted`, in the order in which the phases first come. */
export function countPhases(nodes: readonly RolloutNode[]): string {
  const counts = new Map<string, number>();
  for (const { phase } of nodes) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  return [...counts].map(([phase, count]) => `${count} ${plainText(phase)}`).join(', ');
}
