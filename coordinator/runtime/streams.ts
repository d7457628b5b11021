import type { NodeName, RolloutId } from '../../shared/domain/ids.ts';

/** Names of streams and records in the event store. */
export const LEDGER_STREAM = 'ledger';
export const ROLLOUT_PREFIX = 'rollout/';
export const NODE_PREFIX = 'node/';
export const POLICY_RECORD = 'policy';
export const SNAPSHOT_PREFIX = 'snapshots/';

export function rolloutStream(id: RolloutId): string {
  return `${ROLLOUT_PREFIX}${id}`;
}

/** Both the stream of a node's reports and the record of its name, labels and place. */
export function nodeStream(node: NodeName): string {
  return `${NODE_PREFIX}${node}`;
}

/** Both the stream of a cluster's snapshots and the record of its checkpoint. Any text may name a cluster; that of a stream has few letters (EventStore). */
export function snapshotStream(cluster: string): string {
  return SNAPSHOT_PREFIX + (PLAIN_CLUSTER.test(cluster) ? cluster : `${HEX}${Buffer.from(cluster).toString('hex')}`);
}

export function clusterOfSnapshotStream(stream: string): string {
  const name = stream.slice(SNAPSHOT_PREFIX.length);
  return name.startsWith(HEX) ? Buffer.from(name.slice(HEX.length), 'hex').toString() : name;
}

const PLAIN_CLUSTER = /^[a-z0-9_-]{1,100}$/;
/** With a dot, which no plain one has. */
const HEX = 'hex.';
