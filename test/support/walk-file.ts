import { closeSync, fstatSync, openSync } from 'node:fs';

import { type Contents, readContents } from '../../agent/snapshots/contents/read-contents.ts';
import { FileRanges } from '../../agent/snapshots/file-ranges.ts';

/** What a file holds by the walk alone, which looks at no trailer. @throws Damage */
export function walkFile(path: string, trailerBytes = 0): Contents {
  const descriptor = openSync(path, 'r');
  try {
    const walk = readContents(new FileRanges(descriptor, fstatSync(descriptor).size - trailerBytes));
    for (;;) {
      const step = walk.next();
      if (step.done === true) return step.value;
    }
  } finally {
    closeSync(descriptor);
  }
}
