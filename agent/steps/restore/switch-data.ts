import { chown, lstat, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { syncFolder, writeDurably } from '../../../shared/files/write-durably.ts';

/**
 * Where the data lies and lay. All of it is in the member's own folder: that may be a disk of its own, of which the folder cannot be
 * renamed. etcd looks at `member` alone there, and logs that it does not know the others.
 */
export interface DataPlaces {
  readonly dataDir: string;
  /** What was there before, for as long as no person takes it away. */
  readonly aside: string;
  /** Made anew of the snapshot. */
  readonly fresh: string;
}

const MARK = 'farrier-restored';

export function dataPlaces(dataDir: string, token: string): DataPlaces {
  return { dataDir, aside: join(dataDir, `farrier-before-${token}`), fresh: join(dataDir, `farrier-new-${token}`) };
}

/** Whether what lies there is what this restore made. */
export async function isRestored({ dataDir }: DataPlaces, token: string): Promise<boolean> {
  return (await readFile(join(dataDir, 'member', MARK), 'utf8').catch(() => '')) === token;
}

/** For what etcd's tool has just made: of this restore, for the user that etcd runs as, on the disk. */
export async function finishFresh({ dataDir, fresh }: DataPlaces, token: string): Promise<void> {
  await writeDurably(join(fresh, 'member', MARK), token);
  const { uid, gid } = await stat(dataDir);
  for (const path of await pathsIn(fresh)) {
    await chown(path, uid, gid);
    // Opens a file as well as a folder.
    await syncFolder(path);
  }
}

/** By two renames, with etcd held: between them there is no data, also after a power cut. Idempotent. @returns false where something else lies in its place */
export async function switchIn({ dataDir, aside, fresh }: DataPlaces, token: string): Promise<boolean> {
  const places = { dataDir, aside, fresh };
  if (!(await isRestored(places, token))) {
    const member = join(dataDir, 'member');
    if (await isThere(member)) {
      if (await isThere(aside)) return false;
      await rename(member, aside);
      await syncFolder(dataDir);
    }
    await rename(join(fresh, 'member'), member);
    await syncFolder(dataDir);
  }
  await rm(fresh, { recursive: true, force: true });
  return true;
}

/** What was there before is back, and what was restored is gone. Idempotent. @param existed something was there */
export async function switchBack(places: DataPlaces, token: string, existed: boolean): Promise<boolean> {
  const { dataDir, aside, fresh } = places;
  const member = join(dataDir, 'member');
  if (await isRestored(places, token)) {
    await rm(fresh, { recursive: true, force: true });
    await rename(member, fresh);
    await syncFolder(dataDir);
  }
  if (existed && (await isThere(aside))) {
    if (await isThere(member)) return false;
    await rename(aside, member);
    await syncFolder(dataDir);
  }
  await rm(fresh, { recursive: true, force: true });
  return !existed || (await isThere(member));
}

export async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}

/** Those in a folder before the folder. */
async function pathsIn(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    found.push(...(entry.isDirectory() ? await pathsIn(path) : [path]));
  }
  return [...found, folder];
}
