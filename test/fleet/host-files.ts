import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { mustRun, runForBytes } from './run-program.ts';
import type { ProgramOptions } from './run-program.ts';

/**
 * Files of one host, up or down. Every path is resolved by a program that runs inside the host's root: Node going through
 * /proc/PID/root would follow an absolute link such as /var/run out of the host and into this machine.
 */
export interface HostFiles {
  /** Replaces the file, with its folders. Not fsynced. */
  readonly writeFile: (path: string, content: string | Uint8Array, mode?: number) => Promise<void>;
  readonly readFile: (path: string) => Promise<Buffer>;
  /** A local file becomes the file `hostPath`; the content of a local folder comes into the folder `hostPath`. */
  readonly copyIn: (localPath: string, hostPath: string) => Promise<void>;
}

/** `enterRoot` gives the words before a program that make it run in the host's root. */
export function makeHostFiles(enterRoot: () => Promise<readonly string[]>, scratchFolder: string): HostFiles {
  let counter = 0;
  const feed = async (script: string, words: readonly string[], options: ProgramOptions): Promise<void> => {
    await mustRun([...(await enterRoot()), 'sh', '-c', script, 'sh', ...words], options);
  };
  const store = 'mkdir -p "$2" && cat > "$1" && chmod "$3" "$1"';
  return {
    writeFile: (path, content, mode = 0o644) => feed(store, [path, dirname(path), mode.toString(8)], { input: content }),
    readFile: async (path) => {
      const { exitCode, stdout, stderr } = await runForBytes([...(await enterRoot()), 'cat', '--', path]);
      if (exitCode !== 0) throw new Error(stderr.trim());
      return stdout;
    },
    copyIn: async (localPath, hostPath) => {
      const status = statSync(localPath);
      if (!status.isDirectory()) return feed(store, [hostPath, dirname(hostPath), (status.mode & 0o777).toString(8)], { inputFile: localPath });
      const archive = `${scratchFolder}/copy-${process.pid}-${counter++}.tar`;
      try {
        await mustRun(['tar', '--create', '--owner=0', '--group=0', '--file', archive, '--directory', localPath, '.']);
        await feed('mkdir -p "$1" && tar --extract --file - --directory "$1"', [hostPath], { inputFile: archive });
      } finally {
        await rm(archive, { force: true });
      }
    },
  };
}
