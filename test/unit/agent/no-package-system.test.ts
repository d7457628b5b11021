import { expect, test } from 'vitest';

import { hostPackageSystem } from '../../../agent/adapters/packages/host-package-system.ts';
import { memoryLab } from '../../support/memory-packages.ts';
import { atWork, codeOf } from '../../support/packages-at-work.ts';

test('a host of no package system that is known refuses a packages step while it is staged, and says so', async () => {
  const os = { id: 'alpine', versionId: '3', prettyName: 'Alpine Linux v3', packageFamily: null };
  const run = () => Promise.reject(new Error('no program may be run'));
  const system = hostPackageSystem(os, { run, sourcesDir: '/nowhere', cacheDir: '/nowhere', lockWaitMs: 0 });
  const result = await (await atWork({ ...(await memoryLab()), system }, { hoof: '1.0-1' })).stage();
  expect(codeOf(result)).toBe('package-system-unsupported');
  expect(JSON.stringify(result)).toContain('Alpine Linux v3');
});
