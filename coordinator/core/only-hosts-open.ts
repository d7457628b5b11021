import type { Digest } from '../../shared/domain/ids.ts';
import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';

/**
 * Sealed for hosts alone, a snapshot is lost with them. The key of a host that left counts as a person's: nobody knows better.
 *
 * @param ofHosts fingerprints of the keys that hosts of the fleet have
 */
export function onlyHostsOpen({ sealed }: Pick<SnapshotRecord, 'sealed'>, ofHosts: ReadonlySet<Digest>): boolean {
  return sealed !== null && sealed.recipients.every((recipient) => ofHosts.has(recipient));
}
