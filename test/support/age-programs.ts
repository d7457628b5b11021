import { join } from 'node:path';

import { unpackedPrograms } from '../fleet/unpacked-programs.ts';
import { hadOrSayWhy } from './had-or-say-why.ts';

export interface AgePrograms {
  readonly age: string;
  readonly ageKeygen: string;
}

/** Debian's age, unpacked in the cache and not installed; null, and says why, where it cannot be had. */
export function ageProgramsOrSayWhy(what: string): Promise<AgePrograms | null> {
  return hadOrSayWhy(what, 'age of Debian bookworm cannot be had', async () => {
    const folder = await unpackedPrograms('bookworm', 'age');
    return { age: join(folder, 'age'), ageKeygen: join(folder, 'age-keygen') };
  });
}
