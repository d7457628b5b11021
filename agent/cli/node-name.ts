import { hostname } from 'node:os';

import type { NodeName } from '../../shared/domain/ids.ts';
import { loadIdentity } from '../identity/load-identity.ts';

/** As this host is enrolled, or would be. */
export async function nodeName(stateDir: string): Promise<NodeName> {
  const loaded = await loadIdentity(stateDir);
  return loaded.ok ? loaded.identity.node : hostname().toLowerCase();
}
