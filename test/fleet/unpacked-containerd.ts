import { join } from 'node:path';
import { unpackedPrograms } from './unpacked-programs.ts';

/** The program containerd of one Debian suite: what it says of configurations needs no daemon. */
export async function unpackedContainerd(suite: string): Promise<string> {
  return join(await unpackedPrograms(suite, 'containerd'), 'containerd');
}
