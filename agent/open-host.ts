import type { Logger } from '../shared/ports/logger.ts';
import { systemClock } from '../shared/ports/system-clock.ts';
import { systemRandom } from '../shared/ports/system-random.ts';
import type { TrustDocument } from '../shared/trust/trust-document.ts';
import { readBootId } from './adapters/host-facts.ts';
import { journalDurableFiles } from './adapters/system-durable-files.ts';
import { type AgentIdentity, loadIdentity } from './identity/load-identity.ts';
import { loadTrust } from './identity/trust-store.ts';
import { verifyCommand } from './identity/verify-command.ts';
import { AssignmentFiles } from './runner/assignment-files.ts';
import type { Host } from './runner/host.ts';
import type { AgentSettings } from './settings/settings.ts';

export type OpenedHost =
  | { readonly ok: true; readonly host: OpenHost }
  | { readonly ok: false; readonly message: string };

/** A host with its identity; `trust` is replaced when the coordinator sends a newer document. */
export interface OpenHost extends Host {
  readonly identity: AgentIdentity;
  trust: TrustDocument;
}

/** Opens what every verb that acts on assignments needs: identity, trust, and where things lie. Changes nothing. */
export async function openHost({ stateDir, allow }: Pick<AgentSettings, 'stateDir' | 'allow'>, logger: Logger): Promise<OpenedHost> {
  const loaded = await loadIdentity(stateDir);
  if (!loaded.ok) return loaded;
  const { identity } = loaded;
  const trusted = await loadTrust(stateDir, identity);
  if (!trusted.ok) return trusted;
  const host: OpenHost = {
    ...{ fleet: identity.fleet, node: identity.node, bootId: readBootId(), stateDir, allow, identity, trust: trusted.document },
    assignments: new AssignmentFiles(stateDir),
    journalFiles: journalDurableFiles,
    ...{ clock: systemClock, random: systemRandom, logger },
    verify: (envelope, payloadType) => verifyCommand(host.trust, envelope, payloadType, host.clock.wallUnixMs()),
  };
  return { ok: true, host };
}
