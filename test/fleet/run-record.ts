import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { isAlive } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** What one fleet run has on this machine, kept in its run folder so that a later process can remove it. */
export interface RunRecord {
  readonly runId: string;
  readonly folder: string;
  /** What it was started for, so that a person's command ends no test's fleet. */
  readonly label: string;
  readonly owner: ProcessIdentity;
  /** Holds the private mount namespace and the switch's network namespace. */
  readonly holder: ProcessIdentity | null;
  readonly cgroups: readonly string[];
  readonly hosts: readonly { readonly name: string; readonly address: string; readonly cgroup: string }[];
  readonly hostsFile: string;
}

const recordName = 'run.json';

export function runsFolder(): string {
  return cacheFolder('runs');
}

export function writeRunRecord(record: RunRecord): void {
  const path = join(record.folder, recordName);
  writeFileSync(`${path}.new`, JSON.stringify(record, null, 2));
  renameSync(`${path}.new`, path);
}

/** Every run with a folder on this machine, living or dead. */
export function listRuns(): readonly RunRecord[] {
  return readdirSync(runsFolder()).flatMap((name) => {
    const path = join(runsFolder(), name, recordName);
    return existsSync(path) ? [JSON.parse(readFileSync(path, 'utf8')) as RunRecord] : [];
  });
}

export function isLiving(run: RunRecord): boolean {
  return isAlive(run.owner);
}
