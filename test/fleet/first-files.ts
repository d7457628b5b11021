import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes what makes a host itself, such as its name, into its new root. Does nothing when that was done before. */
export async function writeFirstFiles(root: string, machineId: string, files: Readonly<Record<string, string>>): Promise<void> {
  if (existsSync(`${root}/etc/machine-id`)) return;
  // The machine id goes last: it stands for all of them.
  for (const [name, text] of Object.entries({ ...files, '/etc/machine-id': `${machineId}\n` })) {
    const path = `${root}${name}`;
    await mkdir(dirname(path), { recursive: true });
    await rm(path, { force: true });
    await writeFile(path, text);
  }
}
