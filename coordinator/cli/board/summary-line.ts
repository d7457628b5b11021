import type { Rollout__Output as Rollout } from '../../../shared/wire/messages.ts';
import { formatAge } from '../print/format-age.ts';
import { plainText } from '../print/plain-text.ts';
import { countPhases } from './count-phases.ts';

/** What became of a rollout, when watching it ends. */
export function summaryLine({ id, status, nodes, startedUnixMs, endedUnixMs }: Rollout): string {
  const elapsed = endedUnixMs === 0 ? '' : ` after ${formatAge(endedUnixMs - startedUnixMs)}`;
  return plainText(`${id} ${status}${elapsed}: ${countPhases(nodes)}`);
}
