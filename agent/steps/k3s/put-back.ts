import { rm, rmdir } from 'node:fs/promises';

import { restoreFile } from '../kept-files.ts';
import type { K3sPrior } from './k3s.ts';
import type { Places } from './places.ts';

/** Everything as it was found, drafts of an attempt that was cut off included. Idempotent. @returns the first file that cannot be brought back. */
export async function putBack({ copies, hadImagesFolder }: K3sPrior, places: Places): Promise<string | null> {
  for (const copy of [copies.binary, copies.previous, copies.archive]) {
    if (copy !== null && !(await restoreFile(copy, places.kept))) return copy.path;
  }
  await rm(places.binaryDraft, { force: true });
  await rm(places.imagesDraftFolder, { recursive: true, force: true });
  // Only where nothing but ours lay there.
  if (!hadImagesFolder) await rmdir(places.imagesFolder).catch(() => undefined);
  return null;
}
