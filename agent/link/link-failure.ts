import { readFileSync, rmSync } from 'node:fs';

import { writeDurably } from '../../shared/files/write-durably.ts';

/** Why the coordinator gave this host no session when the agent last tried. Gone as soon as there is one. */
export interface LinkFailure {
  readonly why: string;
  readonly remedy: string;
  /** When it was first so. */
  readonly sinceUnixMs: number;
}

/** @returns null where the link was up when the agent last looked, and where the file makes no sense. */
export function readLinkFailure(stateDir: string): LinkFailure | null {
  try {
    const value = JSON.parse(readFileSync(pathOf(stateDir), 'utf8')) as Partial<LinkFailure> | null;
    const { why, remedy, sinceUnixMs } = value ?? {};
    return typeof why === 'string' && typeof remedy === 'string' && typeof sinceUnixMs === 'number' ? { why, remedy, sinceUnixMs } : null;
  } catch {
    return null;
  }
}

/** The same failure again writes nothing: a link may be down for a year. */
export async function keepLinkFailure(stateDir: string, failure: LinkFailure): Promise<void> {
  if (readLinkFailure(stateDir)?.why !== failure.why) await writeDurably(pathOf(stateDir), JSON.stringify(failure));
}

/** Idempotent. */
export function forgetLinkFailure(stateDir: string): void {
  rmSync(pathOf(stateDir), { force: true });
}

function pathOf(stateDir: string): string {
  return `${stateDir}/link-failure.json`;
}
