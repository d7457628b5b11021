import type { SnapshotCopiesClient } from '../../shared/wire/messages.ts';
import { farrier } from '../../shared/wire/protocol.ts';
import { tlsChannel } from '../../shared/wire/tls-channel.ts';
import type { AgentIdentity } from '../identity/load-identity.ts';

/** A link that shows no sign of life for this long is over. */
const KEEPALIVE_MS = 20_000;

/** Dials the coordinator with this host's identity. The caller closes it. */
export function connectCopies(address: string, identity: AgentIdentity): SnapshotCopiesClient {
  const { credentials, options } = tlsChannel(address, identity);
  return new farrier.SnapshotCopies(address, credentials, { ...options, 'grpc.keepalive_time_ms': KEEPALIVE_MS, 'grpc.initial_reconnect_backoff_ms': 300, 'grpc.max_reconnect_backoff_ms': 5_000 });
}
