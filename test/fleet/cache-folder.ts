import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** A folder for heavy things, outside the work tree: FARRIER_CACHE, or /var/cache/farrier-dev. Made when it is not there. */
export function cacheFolder(...names: readonly string[]): string {
  const folder = join(process.env['FARRIER_CACHE'] ?? '/var/cache/farrier-dev', ...names);
  mkdirSync(folder, { recursive: true });
  return folder;
}
