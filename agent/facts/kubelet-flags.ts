import { posix } from 'node:path';

import { FACT_FILES_MAX, FACT_PATH_PATTERN } from '../../shared/domain/host-facts.ts';
import type { HostFiles } from './host-files.ts';

/** Where systemd reads units, and where `systemctl edit` writes. */
const UNIT_FOLDERS = ['/etc/systemd/system', '/run/systemd/system', '/usr/local/lib/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system'];
const ENVIRONMENT_FILES_MAX = 16;

/** The files of a unit and its drop-ins, and the environment files that they name: whatever can put a flag on its command line. */
export function unitFiles(files: HostFiles, unit: string): readonly string[] {
  // /lib is /usr/lib where the two are merged: one file is named once.
  const folders = files.exists('/usr/lib/systemd/system') ? UNIT_FOLDERS.slice(0, -1) : UNIT_FOLDERS;
  const units = folders.flatMap((folder) => [
    ...(files.exists(`${folder}/${unit}`) ? [`${folder}/${unit}`] : []),
    ...files.names(`${folder}/${unit}.d`).flatMap((name) => (name.endsWith('.conf') ? [`${folder}/${unit}.d/${name}`] : [])),
  ]);
  const named = units.flatMap((path) => [...(files.text(path) ?? '').matchAll(/^\s*EnvironmentFile\s*=\s*-?(\/\S+)\s*$/gm)].map(([, file = '']) => posix.normalize(file)));
  return [...new Set([...units, ...named.slice(0, ENVIRONMENT_FILES_MAX)])];
}

/** Those of the files in which the flag stands outside a comment. `flag` without its dashes: K3s' configuration has none. */
export function filesWithFlag(files: HostFiles, paths: readonly string[], flag: string): readonly string[] {
  const pattern = new RegExp(`^[^#;\\n]*(?<![a-z0-9-])(?:--)?${flag}(?![a-z0-9-])`, 'm');
  return [...new Set(paths)].filter((path) => FACT_PATH_PATTERN.test(path) && pattern.test(files.text(path) ?? '')).slice(0, FACT_FILES_MAX);
}

/** The last value that these files give a flag: `--flag=value` or `--flag value`. Null where none does. */
export function lastFlagValue(files: HostFiles, paths: readonly string[], flag: string): string | null {
  const pattern = new RegExp(`^[^#;\\n]*--${flag}[= ]["']?([^\\s"']+)`, 'gm');
  return paths.flatMap((path) => [...(files.text(path) ?? '').matchAll(pattern)].map(([, value = '']) => value)).at(-1) ?? null;
}

/** The last of these YAML files that sets a key at its top; quotes taken off. Null where none does. */
export function lastYamlValue(files: HostFiles, paths: readonly string[], key: string): string | null {
  const pattern = new RegExp(`^${key}:[ \\t]*["']?([^\\s"'#]+)`, 'm');
  return paths.flatMap((path) => pattern.exec(files.text(path) ?? '')?.[1] ?? []).at(-1) ?? null;
}
