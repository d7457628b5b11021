import { chown, mkdtemp, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { syncFolder } from '../../shared/files/write-durably.ts';
import { BackupError } from './backup-error.ts';
import type { BackupManifest } from './backup-manifest.ts';
import type { BackupSecret } from './backup-secret.ts';
import { unsealBackup } from './unseal-backup.ts';

export type RestoreOptions = BackupSecret & {
  readonly from: string;
  /** Must be empty or not there. */
  readonly dataFolder: string;
};

/**
 * Puts a backup in place, whole or not at all: everything is unpacked beside the data folder, proved, synced, and then
 * the folder is renamed. Files get the owner that the empty data folder had.
 */
export async function restore(options: RestoreOptions): Promise<BackupManifest> {
  const dataFolder = await realpath(options.dataFolder).catch(() => resolve(options.dataFolder));
  await assertEmpty(dataFolder);
  const beside = await mkdtemp(join(dirname(dataFolder), `.${basename(dataFolder)}-restore-`));
  try {
    const manifest = await unsealBackup(options.from, options, beside);
    await takeOwner(beside, dataFolder);
    for (const folder of await foldersOf(beside)) await syncFolder(folder);
    await putInPlace(beside, dataFolder);
    await syncFolder(dirname(dataFolder));
    return manifest;
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

async function assertEmpty(dataFolder: string): Promise<void> {
  const names = await readdir(dataFolder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (names.length > 0) {
    throw new BackupError('folder-not-empty', `${dataFolder} is not empty (${names.slice(0, 3).join(', ')}); nothing was changed`, 'stop the coordinator and move the folder away, or name another one');
  }
}

/** The coordinator runs as a user of its own, restore as root: what systemd gave to that user stays with it. */
async function takeOwner(folder: string, dataFolder: string): Promise<void> {
  const owner = await stat(dataFolder).catch(() => null);
  if (owner === null || (owner.uid === process.getuid?.() && owner.gid === process.getgid?.())) return;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) await chown(join(entry.parentPath, entry.name), owner.uid, owner.gid);
  await chown(folder, owner.uid, owner.gid);
}

async function foldersOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return [folder, ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))];
}

async function putInPlace(beside: string, dataFolder: string): Promise<void> {
  try {
    await rename(beside, dataFolder); // rename(2) replaces a folder only while it is empty: nobody's files can be lost.
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') await assertEmpty(dataFolder);
    if (code !== 'EBUSY' && code !== 'EXDEV') throw error;
    throw new BackupError('folder-not-replaceable', `${dataFolder} is a mount point and cannot be replaced in one step`, 'restore into a new folder inside it and set that as the data folder', error);
  }
}
