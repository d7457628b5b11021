import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

import type { PackageFile } from '../../ports/package-system.ts';

/** For the package system's own files, the journal and logs. */
export const SLACK_BYTES = 8 * 1024 * 1024;

/** Takes the room that going back needs while there is room, so that nobody else can take it meanwhile. */
export async function captureSpace(folder: string, oldFiles: readonly PackageFile[]): Promise<void> {
  await reserveSpace(folder, SLACK_BYTES + oldFiles.reduce((sum, { installedBytes }) => sum + installedBytes, 0));
}

export async function reserveSpace(folder: string, bytes: number): Promise<void> {
  await promisify(execFile)('fallocate', ['--length', String(bytes), `${folder}/reserve`]).catch((error: NodeJS.ErrnoException & { stderr?: string }) => {
    const full = /No space left/.test(error.stderr ?? '');
    const why = (error.stderr ?? error.message).trim().replace(/^(?:fallocate: )+/, '');
    throw Object.assign(new Error(`the room for going back cannot be had: ${why}`), full ? { code: 'ENOSPC' } : {});
  });
}

/** Idempotent. */
export async function releaseSpace(folder: string): Promise<void> {
  await rm(`${folder}/reserve`, { force: true });
}
