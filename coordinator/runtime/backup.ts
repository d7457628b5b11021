import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { syncFolder } from '../../shared/files/write-durably.ts';
import { BackupError } from './backup-error.ts';
import { describeFile, filesBelow } from './backup-manifest.ts';
import type { BackupFile, BackupManifest } from './backup-manifest.ts';
import { assertStrong } from './backup-secret.ts';
import type { BackupSecret } from './backup-secret.ts';
import { backupContent, sealBackup } from './seal-backup.ts';
import { unsealBackup } from './unseal-backup.ts';

export type BackupOptions = BackupSecret & {
  readonly dataFolder: string;
  /** Writes a consistent copy of the store as one file; sqliteStoreFile() does it beside a running coordinator too. */
  readonly store: { copyTo(path: string): Promise<void> };
  /** The file to write; must not exist. */
  readonly to: string;
  readonly nowUnixMs: number;
};

/** Where the store's copy lies in a data folder, and with it in a backup. */
const STORE_NAME = 'store.db';
const KEYS_FOLDER = 'keys';
const SCRATCH_PREFIX = '.backup-';
const SCRATCH_MAX_AGE_MS = 24 * 60 * 60_000;

/**
 * Packs the store and every file below `<dataFolder>/keys` into one encrypted file. Whole or not there: it is written
 * beside its name, synced, read back as a restore would, and renamed. The copy in the clear never leaves the data folder.
 */
export async function backup(options: BackupOptions): Promise<BackupManifest> {
  assertStrong(options);
  if (existsSync(options.to)) throw new BackupError('target-exists', `${options.to} is there already`, 'name a file that does not exist yet');
  await removeOldScratch(options.dataFolder, options.nowUnixMs);
  const scratch = await mkdtemp(join(options.dataFolder, SCRATCH_PREFIX));
  const draft = `${options.to}.part`;
  try {
    const storeCopy = join(scratch, STORE_NAME);
    await options.store.copyTo(storeCopy);
    const sources = new Map([[STORE_NAME, storeCopy]]);
    for (const name of await filesBelow(join(options.dataFolder, KEYS_FOLDER))) {
      sources.set(`${KEYS_FOLDER}/${name}`, join(options.dataFolder, KEYS_FOLDER, name));
    }
    const files: BackupFile[] = [];
    for (const [name, path] of sources) files.push(await describeFile(path, name));
    const manifest = { madeAtUnixMs: options.nowUnixMs, files };
    await sealBackup(backupContent(manifest, sources), options, draft);
    const proof = join(scratch, 'proof');
    await mkdir(proof);
    await unsealBackup(draft, options, proof); // Also catches a key that changed between its hash and its copy.
    await rename(draft, options.to);
    await syncFolder(dirname(options.to));
    return manifest;
  } finally {
    await rm(scratch, { recursive: true, force: true });
    await rm(draft, { force: true });
  }
}

/** A backup that was killed left a copy of the store behind. A young one may belong to a backup that runs. */
async function removeOldScratch(dataFolder: string, nowUnixMs: number): Promise<void> {
  for (const name of await readdir(dataFolder)) {
    if (!name.startsWith(SCRATCH_PREFIX)) continue;
    const { mtimeMs } = await stat(join(dataFolder, name));
    if (nowUnixMs - mtimeMs > SCRATCH_MAX_AGE_MS) await rm(join(dataFolder, name), { recursive: true, force: true });
  }
}
