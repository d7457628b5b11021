import { closeSync, fsyncSync, openSync } from 'node:fs';

import { MUTATION } from '../../shared/ports/mutation.ts';
import type { DurableFiles } from '../ports/durable-files.ts';

const systemDurableFiles: DurableFiles = {
  // fsync and not fdatasync: a fresh file's length and blocks must be on disk too.
  syncFile: (descriptor) => fsyncSync(descriptor),
  syncFolder: (path) => {
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  },
};

/** What the journal is written with. */
export const journalDurableFiles: DurableFiles =
  MUTATION === 'no-journal-fsync' ? { syncFile: () => undefined, syncFolder: () => undefined } : systemDurableFiles;
