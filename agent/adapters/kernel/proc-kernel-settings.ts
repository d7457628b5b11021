import { readFile, writeFile } from 'node:fs/promises';

import { type KernelSettings, oneLine } from '../../ports/kernel-settings.ts';
import type { RunProgram } from '../../ports/programs.ts';

/** sysctl.d(5): where the first separator is a dot, dots and slashes are exchanged. */
function pathOf(key: string): string {
  return `/proc/sys/${key.replaceAll(/[./]/g, (separator) => (separator === '.' ? '/' : '.'))}`;
}

export function procKernelSettings(run: RunProgram): KernelSettings {
  return {
    read: (key) => readFile(pathOf(key), 'utf8').then(oneLine, () => null),
    load: async (file, call) => {
      const { code, stdout, stderr } = await run(['sysctl', `--load=${file}`], call);
      return code === 0 ? '' : stderr.trim() || stdout.trim() || `exit code ${code}`;
    },
    // Not `sysctl --write`: what came out of /proc goes back as it is.
    write: (key, value) => writeFile(pathOf(key), `${value}\n`).then(() => '', (error: Error) => error.message),
  };
}
