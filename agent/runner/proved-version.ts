import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';

import { syncFolder, writeDurably } from '../../shared/files/write-durably.ts';

/** A version of the agent that has shown what it is for: the coordinator gave it a session. */
export interface ProvedVersion {
  readonly version: string;
  readonly bootId: string;
  readonly wallUnixMs: number;
}

/** @returns null where none is, or where the file makes no sense: then nothing counts as proved. */
export function readProved(stateDir: string): ProvedVersion | null {
  try {
    const value = JSON.parse(readFileSync(pathOf(stateDir), 'utf8')) as Partial<ProvedVersion> | null;
    const { version, bootId, wallUnixMs } = value ?? {};
    return typeof version === 'string' && typeof bootId === 'string' && typeof wallUnixMs === 'number' ? { version, bootId, wallUnixMs } : null;
  } catch {
    return null;
  }
}

/** Durable when it resolves. */
export async function writeProved(stateDir: string, proved: ProvedVersion): Promise<void> {
  await writeDurably(pathOf(stateDir), JSON.stringify(proved));
}

/** Before another version comes in: what it shows, it has to show anew. Idempotent. */
export async function forgetProved(stateDir: string): Promise<void> {
  await rm(pathOf(stateDir), { force: true });
  await syncFolder(stateDir);
}

function pathOf(stateDir: string): string {
  return `${stateDir}/proved.json`;
}
