import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface LaterSetting {
  readonly path: string;
  readonly key: string;
  readonly value: string;
}

/**
 * Settings of files that a boot reads after this one, as systemd-sysctl does: by name, whatever folder they lie in, and of one
 * name only the file in the first folder. https://www.freedesktop.org/software/systemd/man/latest/sysctl.d.html
 */
export async function laterSettings(path: string, folders: readonly string[]): Promise<readonly LaterSetting[]> {
  const files = new Map<string, string>();
  for (const folder of folders) {
    const names = await readdir(folder).catch((): string[] => []);
    for (const name of names) if (name.endsWith('.conf') && name > basename(path) && !files.has(name)) files.set(name, join(folder, name));
  }
  const settings: LaterSetting[] = [];
  for (const [, file] of [...files].toSorted(([one], [other]) => (one < other ? -1 : 1))) settings.push(...parseSettings(file, await readFile(file, 'utf8').catch(() => '')));
  return settings;
}

/** Does a later file's name for a setting, which may have wildcards, mean this one? */
export function means(pattern: string, key: string): boolean {
  const parts = pathOf(pattern).split(/(\*|\?|\[[^\]]*\])/u);
  const source = parts.map((part, index) => (index % 2 === 0 ? part.replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`) : part === '*' ? '[^/]*' : part === '?' ? '[^/]' : part)).join('');
  return new RegExp(`^${source}$`, 'u').test(pathOf(key));
}

/** What starts with `-` alone excludes, and sets nothing. */
function parseSettings(path: string, text: string): readonly LaterSetting[] {
  return text.split('\n').flatMap((line) => {
    const [, key, value] = /^\s*-?\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/u.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [{ path, key, value }];
  });
}

/** Its place below /proc/sys: whichever separator comes first is the one, and the other stands for it in a name. */
function pathOf(key: string): string {
  const separator = /[./]/u.exec(key)?.[0];
  return separator === '.' ? key.replaceAll(/[./]/gu, (one) => (one === '.' ? '/' : '.')) : key;
}
