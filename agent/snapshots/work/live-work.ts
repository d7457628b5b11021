import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

import type { SnapshotOutcome } from './outcomes.ts';

/** What those can see of the work who did not do it. */
export interface LiveWork {
  readonly work: string;
  /** One line: what it is doing. */
  readonly doing: string;
  /** Null before its end. */
  readonly outcome: SnapshotOutcome | null;
}

/** Replaces what is seen. @param folder on a disk that is memory */
export function showWork(folder: string, live: LiveWork): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = `${folder}/live.json`;
  writeFileSync(`${path}.new`, JSON.stringify(live), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Null where none was done since the host started. */
export function seeWork(folder: string): LiveWork | null {
  try {
    return JSON.parse(readFileSync(`${folder}/live.json`, 'utf8')) as LiveWork;
  } catch {
    return null;
  }
}
