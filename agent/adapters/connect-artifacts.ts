import { credentials } from '@grpc/grpc-js';

import { farrier } from '../../shared/wire/protocol.ts';
import { loadIdentity } from '../identity/load-identity.ts';
import { stepFailure } from '../steps/step.ts';
import type { LinkArtifactsParts } from './link-artifacts.ts';

/** A link that shows no sign of life for this long is over. */
const KEEPALIVE_MS = 20_000;

/** Dials the coordinator with this host's identity as it lies on disk now: staging may last longer than a certificate. */
export async function connectArtifacts({ stateDir, coordinator }: { readonly stateDir: string; readonly coordinator: string | null }): ReturnType<LinkArtifactsParts['connect']> {
  const loaded = await loadIdentity(stateDir);
  if (!loaded.ok) return stepFailure('source-unreachable', loaded.message);
  const { caPem, keyPem, certificatePem, linkAddress } = loaded.identity;
  const channel = credentials.createSsl(Buffer.from(caPem), Buffer.from(keyPem), Buffer.from(certificatePem));
  return { ok: true, client: new farrier.Artifacts(coordinator ?? linkAddress, channel, { 'grpc.keepalive_time_ms': KEEPALIVE_MS, 'grpc.initial_reconnect_backoff_ms': 300, 'grpc.max_reconnect_backoff_ms': 5_000 }) };
}
