import { parseRecipient } from '../../shared/age/age-keys.ts';
import type { Digest } from '../../shared/domain/ids.ts';
import type { FleetState } from './fleet-state.ts';

/** Fingerprints of the keys that hosts of the fleet have of their own. */
export function hostKeys({ nodes }: Pick<FleetState, 'nodes'>): ReadonlySet<Digest> {
  return new Set([...nodes.values()].flatMap(({ facts }) => {
    const parsed = parseRecipient(facts?.facts.snapshots?.recipient ?? '');
    return parsed.ok ? [parsed.recipient.fingerprint] : [];
  }));
}
