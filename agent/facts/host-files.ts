import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What this host has written down. A file that is not there, or that cannot be read, says nothing: it is never an error. */
export interface HostFiles {
  /** Absolute; `/` but in tests. */
  readonly root: string;
  /** Null where there is no such regular file, or where it is longer than any that is meant to be read here. */
  text(path: string): string | null;
  /** Names in a folder, sorted. */
  names(path: string): readonly string[];
  exists(path: string): boolean;
}

const TEXT_MAX_BYTES = 1024 * 1024;
const NAMES_MAX = 1_000;

export function hostFiles(root = '/'): HostFiles {
  return {
    root,

    text(path) {
      try {
        // Looked at first: reading a pipe would wait for ever.
        const stat = statSync(join(root, path));
        return stat.isFile() && stat.size <= TEXT_MAX_BYTES ? readFileSync(join(root, path), 'utf8') : null;
      } catch {
        return null;
      }
    },

    names(path) {
      try {
        return readdirSync(join(root, path)).toSorted().slice(0, NAMES_MAX);
      } catch {
        return [];
      }
    },

    exists(path) {
      try {
        return statSync(join(root, path), { throwIfNoEntry: false }) !== undefined;
      } catch {
        return false;
      }
    },
  };
}
