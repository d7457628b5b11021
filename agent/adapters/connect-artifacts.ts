import { farrier } from '../../shared/wire/protocol.ts';
import { tlsChannel } from '../../shared/wire/tls-channel.ts';
import { loadIdentity } from '../identity/load-identity.ts';
import { stepFailure } from '../steps/step.ts';
import type { LinkArtifactsParts } from './link-artifacts.ts';

/** A link that shows no sign of life for this long is over. */
const KEEPALIVE_MS = 20_000;

/** Dials the coordinator with this host's identity as it lies on disk now: staging may last longer than a certificate. */
export async function connectArtifacts({ stateDir, coordinator }: { readonly stateDir: string; readonly coordinator: string | null }): ReturnType<LinkArtifactsParts['connect']> {
  const loaded = await loadIdentity(stateDir);
  if (!loaded.ok) return stepFailure('source-unreachable', loaded.message);
  const address = coordinator ?? loaded.identity.linkAddress;
  const { credentials, options } = tlsChannel(address, loaded.identity);
  return { ok: true, client: new farrier.Artifacts(address, credentials, { ...options, 'grpc.keepalive_time_ms': KEEPALIVE_MS, 'grpc.initial_reconnect_backoff_ms': 300, 'grpc.max_reconnect_backoff_ms': 5_000 }) };
}
