import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Program } from './bundle-stand-ins.ts';

/**
 * The real program in place of its stand-in, where FARRIER_REAL_BIN names a folder `VERSION/PROGRAM` of real ones, such as
 * `v1.34.1/kubeadm`; null where it names none. @throws where it names a folder that lacks this one: no stand-in is used then.
 */
export function realProgram(program: Program, version: string): Buffer | null {
  const folder = process.env['FARRIER_REAL_BIN'];
  if (folder === undefined || folder === '') return null;
  const path = join(folder, version, program);
  if (!existsSync(path)) throw new Error(`FARRIER_REAL_BIN names ${folder}, which has no ${version}/${program}`);
  return readFileSync(path);
}
