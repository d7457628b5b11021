import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { syncFolder } from '../../../shared/files/write-durably.ts';

/**
 * Names of the checkpoints of what a kubelet gave to containers: `cpu_manager_state` and the like. Newer kubelets keep more
 * of them (1.34: `dra_manager_state`), and an older one that knows such a file may not start on what a newer one wrote.
 */
export async function stateFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.filter((name) => name.endsWith('_state')).toSorted();
}

/** Removes those that were not there before. Idempotent; durable when it resolves. */
export async function removeNewState(folder: string, before: readonly string[]): Promise<void> {
  const added = (await stateFiles(folder)).filter((name) => !before.includes(name));
  for (const name of added) await rm(join(folder, name), { force: true });
  // Often a disk of its own, that nothing else syncs.
  if (added.length > 0) await syncFolder(folder);
}
