import { readFile } from 'node:fs/promises';

import type { CliIo } from './cli-io.ts';
import { CliError } from './cli-error.ts';
import { errnoText } from './connection/operator-file.ts';

export interface InputFile {
  /** As diagnostics show it. */
  readonly file: string;
  readonly yaml: string;
}

/** `-` reads standard input. */
export async function readInputFile(path: string, io: Pick<CliIo, 'readStdin'>): Promise<InputFile> {
  if (path === '-') return { file: '<stdin>', yaml: await io.readStdin() };
  try {
    return { file: path, yaml: await readFile(path, 'utf8') };
  } catch (cause) {
    throw new CliError('bad-file', `${path} cannot be read: ${errnoText(cause)}`, 'check the path');
  }
}
