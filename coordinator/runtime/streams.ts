import type { NodeName, RolloutId } from '../../shared/domain/ids.ts';

/** Names of streams and records in the event store. */
export const LEDGER_STREAM = 'ledger';
export const ROLLOUT_PREFIX = 'rollout/';
export const NODE_PREFIX = 'node/';
export const POLICY_RECORD = 'policy';

export function rolloutStream(id: RolloutId): string {
  return `${ROLLOUT_PREFIX}${id}`;
}

/** Both the stream of a node's reports and the record of its name, labels and place. */
export function nodeStream(node: NodeName): string {
  return `${NODE_PREFIX}${node}`;
}
