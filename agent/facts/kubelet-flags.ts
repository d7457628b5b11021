import { posix } from 'node:path';

import { FACT_FILES_MAX, FACT_PATH_PATTERN } from '../../shared/domain/host-facts.ts';
import type { HostFiles } from './host-files.ts';

/** Where systemd reads units, and where `systemctl edit` writes. */
const UNIT_FOLDERS = ['/etc/systemd/system', '/run/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
const ENVIRONMENT_FILES_MAX = 16;

/** The files of a unit and its drop-ins, the environment files that they name and scripts that they start: whatever can put a flag on its command line. */
export function unitFiles(files: HostFiles, unit: string): readonly string[] {
  // /lib is /usr/lib where the two are merged: one file is named once.
  const folders = files.exists('/usr/lib/systemd/system') ? UNIT_FOLDERS.slice(0, -1) : UNIT_FOLDERS;
  const units = folders.flatMap((folder) => [
    ...(files.exists(`${folder}/${unit}`) ? [`${folder}/${unit}`] : []),
    ...files.names(`${folder}/${unit}.d`).flatMap((name) => (name.endsWith('.conf') ? [`${folder}/${unit}.d/${name}`] : [])),
  ]);
  const lines = units.flatMap((path) => settings(files, path).split('\n'));
  const named = lines.flatMap((line) => environmentFiles(files, line));
  const scripts = lines.flatMap((line) => /^\s*ExecStart(?:Pre)?\s*=\s*[-@:+!|]*(\/\S+)/.exec(line)?.[1] ?? []).filter((path) => files.text(path)?.startsWith('#!') === true);
  return [...new Set([...units, ...named.slice(0, ENVIRONMENT_FILES_MAX), ...scripts])];
}

/** systemd.exec(5): a dash where it may be missing, and wildcards. */
function environmentFiles(files: HostFiles, line: string): readonly string[] {
  const path = posix.normalize(/^\s*EnvironmentFile\s*=\s*-?(\/\S+)\s*$/.exec(line)?.[1] ?? '');
  if (!/[*?[]/.test(path)) return path === '.' ? [] : [path];
  const folder = posix.dirname(path);
  return files.names(folder).map((name) => posix.join(folder, name)).filter((each) => posix.matchesGlob(each, path));
}

/** Those of the files in which the flag stands outside a comment. `flag` without its dashes: K3s' configuration has none. */
export function filesWithFlag(files: HostFiles, paths: readonly string[], flag: string): readonly string[] {
  const pattern = new RegExp(`(?<![a-z0-9-])(?:--)?${flag}(?![a-z0-9-])`);
  return [...new Set(paths)].filter((path) => FACT_PATH_PATTERN.test(path) && pattern.test(settings(files, path))).slice(0, FACT_FILES_MAX);
}

/** The last value that these files give a flag: `--flag=value`, `--flag value`, each in quotes, on lines that go on. Null where none does. */
export function lastFlagValue(files: HostFiles, paths: readonly string[], flag: string): string | null {
  const pattern = new RegExp(`(?<![a-z0-9-])--${flag}(?:=|["']?[\\s\\\\]+)["']?([^\\s"'\\\\]+)`, 'g');
  return paths.flatMap((path) => [...settings(files, path).matchAll(pattern)].map(([, value = '']) => value)).at(-1) ?? null;
}

/** Without comments: those of systemd (systemd.syntax(7), systemd.exec(5)) and of a shell take a whole line, those of YAML may end one. */
function settings(files: HostFiles, path: string): string {
  return (files.text(path) ?? '').replaceAll(/\.ya?ml$/.test(path) ? /(?:^|[ \t])#.*$/gm : /^[ \t]*[#;].*$/gm, '');
}

/** The last of these YAML files that sets a key at its top; quotes taken off. Null where none does. */
export function lastYamlValue(files: HostFiles, paths: readonly string[], key: string): string | null {
  const pattern = new RegExp(`^${key}:[ \\t]*["']?([^\\s"'#]+)`, 'm');
  return paths.flatMap((path) => pattern.exec(files.text(path) ?? '')?.[1] ?? []).at(-1) ?? null;
}
