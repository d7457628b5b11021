import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Names of the checkpoints of what a kubelet gave to containers: `cpu_manager_state` and the like. Newer kubelets keep more
 * of them (1.34: `dra_manager_state`), and an older one that knows such a file may not start on what a newer one wrote.
 */
export async function stateFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.filter((name) => name.endsWith('_state')).toSorted();
}

/** Removes those that were not there before. Idempotent. */
export async function removeNewState(folder: string, before: readonly string[]): Promise<void> {
  for (const name of await stateFiles(folder)) if (!before.includes(name)) await rm(join(folder, name), { force: true });
}
