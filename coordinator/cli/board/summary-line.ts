import type { Rollout__Output as Rollout } from '../../../shared/wire/messages.ts';
import { formatAge } from '../print/format-age.ts';
import { plainText } from '../print/plain-text.ts';

/** What became of a rollout, when watching it ends. */
export function summaryLine({ id, status, nodes, startedUnixMs, endedUnixMs }: Rollout): string {
  const counts = new Map<string, number>();
  for (const { phase } of nodes) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  const phases = [...counts].map(([phase, count]) => `${count} ${phase}`).join(', ');
  const elapsed = endedUnixMs === 0 ? '' : ` after ${formatAge(endedUnixMs - startedUnixMs)}`;
  return plainText(`${id} ${status}${elapsed}: ${phases}`);
}
