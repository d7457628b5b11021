import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { syncFolder } from '../../../shared/files/write-durably.ts';
import { copyVerified } from '../copy-verified.ts';

/** K3s imports what appears in its folder at once, so that nothing is written there: it is written in this one beside it. */
export function draftFolderOf(imagesFolder: string): string {
  return join(dirname(imagesFolder), 'farrier-images');
}

/** Brings an archive into K3s' folder of images by one rename; durable. @returns false where `from` is not it. @throws what the disk says */
export async function placeArchive({ from, sha256, place }: { readonly from: string; readonly sha256: string; readonly place: string }, signal: AbortSignal): Promise<boolean> {
  const imagesFolder = dirname(place);
  const draft = join(draftFolderOf(imagesFolder), sha256);
  await mkdir(imagesFolder, { recursive: true, mode: 0o755 });
  await mkdir(dirname(draft), { recursive: true, mode: 0o700 });
  if (!(await copyVerified({ from, to: draft, sha256, mode: 0o644 }, signal))) return false;
  await rename(draft, place);
  await syncFolder(imagesFolder);
  await syncFolder(dirname(imagesFolder));
  return true;
}
