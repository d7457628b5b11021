import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'vitest';

import { memoryLab } from '../../support/memory-packages.ts';
import { PACKAGE_CASES } from '../../support/package-system-cases.ts';

// The same cases run against apt and dpkg in a host: test/fleet/agent-inside.test.ts.
test.each(PACKAGE_CASES)('$name', async ({ run }) => {
  const lab = await memoryLab();
  try {
    await run(lab);
  } finally {
    await rm(join(await lab.folder(), '..'), { recursive: true });
  }
});
