import { readFileSync } from 'node:fs';

import { writeDurably } from '../../shared/files/write-durably.ts';

/** Lies in the state folder from before the agent's package is changed until that assignment is over. */
export interface UpgradeMarker {
  /** Which began the upgrade; a copy of it is kept. */
  readonly version: string;
  /** Runs that copy: work units of this assignment are that version's, whichever the agent is by now. */
  readonly argv: readonly string[];
}

export function markerPath(stateDir: string): string {
  return `${stateDir}/upgrade.json`;
}

/** @returns null where the agent is not being upgraded. */
export function readUpgradeMarker(stateDir: string): UpgradeMarker | null {
  try {
    const { version, argv } = JSON.parse(readFileSync(markerPath(stateDir), 'utf8')) as Partial<UpgradeMarker>;
    return typeof version === 'string' && Array.isArray(argv) && argv.length > 0 && argv.every((word) => typeof word === 'string') ? { version, argv } : null;
  } catch {
    return null;
  }
}

export async function writeUpgradeMarker(stateDir: string, marker: UpgradeMarker): Promise<void> {
  await writeDurably(markerPath(stateDir), JSON.stringify(marker));
}
