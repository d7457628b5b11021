import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { packagesStep } from '../../../agent/steps/packages/packages.ts';
import { memoryLab } from '../../support/memory-packages.ts';
import { atWork, codeOf, works } from '../../support/packages-at-work.ts';
import { PACKAGE_REMOVAL_CASES } from '../../support/package-removal-cases.ts';
import { PACKAGE_CASES } from '../../support/package-system-cases.ts';

// The same cases run against apt and dpkg in a host: test/fleet/agent-inside.test.ts.
test.each([...PACKAGE_CASES, ...PACKAGE_REMOVAL_CASES])('$name', async ({ run }) => {
  const lab = await memoryLab();
  try {
    await run(lab);
  } finally {
    await rm(join(await lab.folder(), '..'), { recursive: true });
  }
});

test('a rollback is refused while it disrupts nothing, where a file that it needs is gone or damaged', async () => {
  const lab = await memoryLab();
  await lab.installed({ name: 'farrier-hoof', version: '1.0-1', conffile: 'of a person' });
  await lab.publish([{ name: 'farrier-hoof', version: '1.0-1', conffile: 'of a person' }, { name: 'farrier-hoof', version: '1.1-1', conffile: 'new' }]);
  const work = await atWork(lab, { 'farrier-hoof': '1.1-1' });
  works(await work.stage());
  const prior = await work.capture();
  works(await work.apply(prior));
  const canRevert = async () => codeOf(await packagesStep(lab.system).canRevert(work.spec, prior, work.context));
  expect(await canRevert()).toBe('ok');
  const copy = prior.conffiles.find(({ kind }) => kind === 'file');
  if (copy?.kind !== 'file') throw new Error('no configuration file was kept');
  await writeFile(join(work.context.folder, 'conffiles', copy.sha256), 'of a per');
  expect(await canRevert()).toBe('prior-unavailable');
  await writeFile(join(work.context.folder, 'conffiles', copy.sha256), 'of a person');
  expect(await canRevert()).toBe('ok');
  await writeFile(join(work.context.folder, 'old', 'farrier-hoof.deb'), '');
  expect(await canRevert()).toBe('prior-unavailable');
  await rm(join(await lab.folder(), '..'), { recursive: true });
});
