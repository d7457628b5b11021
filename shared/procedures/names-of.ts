import type { NodeName } from '../domain/ids.ts';

const NODES_NAMED_MAX = 5;

/** As a message can hold them. */
export function namesOf(names: readonly NodeName[]): string {
  const rest = names.length - NODES_NAMED_MAX;
  return `${names.slice(0, NODES_NAMED_MAX).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
