import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';

import type { LabPackage, PackageCase } from './package-lab.ts';
import { atWork, codeOf, removalAtWork, works } from './packages-at-work.ts';

const hoof = (version: string, more: Partial<LabPackage> = {}): LabPackage => ({ name: 'farrier-hoof', version, ...more });
const nail = (version: string, more: Partial<LabPackage> = {}): LabPackage => ({ name: 'farrier-nail', version, ...more });

/** What a package system that can take packages away must do, and what the packages step makes of it. */
export const PACKAGE_REMOVAL_CASES: readonly PackageCase[] = [
  {
    name: 'takes away what it is told and keeps what was there for its sake alone, also from a later clean-up, and back',
    run: async (lab) => {
      await lab.publish([hoof('1.0-1', { depends: 'farrier-nail (>= 1)' }), nail('2.0-1')]);
      const installing = await atWork(lab, { 'farrier-hoof': '1.0-1' });
      works(await installing.stage());
      works(await installing.apply(await installing.capture()));
      await lab.hold('farrier-hoof');
      const step = await removalAtWork(lab, 'farrier-hoof');
      works(await step.stage());
      assert.deepEqual(await step.check(), { ok: true, state: 'needed' });
      const before = await step.states('farrier-hoof', 'farrier-nail');
      assert.deepEqual(before.map(({ hold, auto }) => [hold, auto]), [[true, false], [false, true]]);
      const prior = await step.capture();
      works(await step.canRevert(prior));
      for (const _ of ['once', 'again']) works(await step.apply(prior), step.output());
      works(await step.verify(prior), step.output());
      assert.equal(await lab.runs('farrier-hoof'), '');
      assert.equal(await lab.runs('farrier-nail'), 'farrier-nail 2.0-1');
      assert.deepEqual((await step.states('farrier-nail')).map(({ auto }) => auto), [false]);
      assert.deepEqual(await step.check(), { ok: true, state: 'satisfied' });
      // Nobody has it any more.
      await lab.publish([]);
      for (const _ of ['once', 'again']) works(await step.revert(prior), step.output());
      assert.deepEqual(await step.states('farrier-hoof', 'farrier-nail'), before);
      assert.equal(await lab.runs('farrier-hoof'), 'farrier-hoof 1.0-1');
    },
  },
  {
    name: 'refuses while it is staged what would take another package along',
    run: async (lab) => {
      await lab.installed(nail('2.0-1'));
      await lab.installed(hoof('1.0-1', { depends: 'farrier-nail' }));
      const step = await removalAtWork(lab, 'farrier-nail');
      const staged = await step.stage();
      assert.equal(codeOf(staged), 'not-allowed');
      assert.match(staged.ok ? '' : staged.outcome.message, /farrier-hoof/);
      assert.equal(await lab.runs('farrier-hoof'), 'farrier-hoof 1.0-1');
      const both = await removalAtWork(lab, 'farrier-nail', 'farrier-hoof');
      works(await both.stage());
    },
  },
  {
    name: 'leaves a configuration file where it is, and gives back the one that a person changed',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1', { conffile: 'as brought\n' }));
      await writeFile(lab.conffilePath('farrier-hoof'), 'as a person wants it\n');
      const step = await removalAtWork(lab, 'farrier-hoof');
      works(await step.stage());
      const prior = await step.capture();
      works(await step.apply(prior), step.output());
      assert.equal(existsSync(lab.conffilePath('farrier-hoof')), true);
      works(await step.revert(prior), step.output());
      assert.equal(await readFile(lab.conffilePath('farrier-hoof'), 'utf8'), 'as a person wants it\n');
      assert.equal(await lab.runs('farrier-hoof'), 'farrier-hoof 1.0-1');
    },
  },
  {
    name: 'has nothing to do where nothing of it is there',
    run: async (lab) => {
      const step = await removalAtWork(lab, 'farrier-hoof');
      works(await step.stage());
      assert.deepEqual(await step.check(), { ok: true, state: 'satisfied' });
    },
  },
];
