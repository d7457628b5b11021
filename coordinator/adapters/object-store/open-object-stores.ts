import { readFile } from 'node:fs/promises';

import type { Clock } from '../../../shared/ports/clock.ts';
import type { Random } from '../../../shared/ports/random.ts';
import type { NamedStore } from '../../runtime/outside-copies.ts';
import type { ObjectStoreSettings } from '../../settings/object-stores.ts';
import { addressGuard } from '../address-guard.ts';
import { s3ObjectStore } from './s3-object-store.ts';

/** Nobody is asked yet. @throws where a file of authorities cannot be read */
export async function openObjectStores(stores: readonly ObjectStoreSettings[], clock: Clock, random: Random): Promise<readonly NamedStore[]> {
  return await Promise.all(stores.map(async ({ name, prefix, prune, addresses, caFile, ...place }) => {
    const caPem = caFile === null ? null : await readFile(caFile, 'utf8');
    return { name, prefix, prune, store: s3ObjectStore({ name, ...place, caPem, mayReach: addressGuard(addresses) }, clock, random) };
  }));
}
