import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Every file that is, or with the next commit would be, part of the repository: paths from its root. */
export function repositoryFiles(): readonly string[] {
  const listed = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' });
  return [...new Set(listed.split('\0'))].filter((path) => path !== '' && existsSync(join(ROOT, path))).toSorted();
}

/** null where there is no such file. */
export function readRepositoryFile(path: string): string | null {
  try {
    return readFileSync(join(ROOT, path), 'utf8');
  } catch {
    return null;
  }
}

export function readTexts(paths: readonly string[]): ReadonlyMap<string, string> {
  return new Map(paths.map((path) => [path, readRepositoryFile(path) ?? '']));
}
