import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';

import type { PackagesPrior } from '../../agent/steps/packages/packages.ts';
import type { LabPackage, PackageCase, PackageLab } from './package-lab.ts';
import { atWork, codeOf, works } from './packages-at-work.ts';

const hoof = (version: string, more: Partial<LabPackage> = {}): LabPackage => ({ name: 'farrier-hoof', version, ...more });
const nail = (version: string, more: Partial<LabPackage> = {}): LabPackage => ({ name: 'farrier-nail', version, ...more });

async function thereAndBack(lab: PackageLab, install: Readonly<Record<string, string>>, expectApply: 'ok' | 'apply-failed'): Promise<void> {
  const names = [...new Set([...Object.keys(install), 'farrier-hoof', 'farrier-nail'])];
  const step = await atWork(lab, install);
  works(await step.stage());
  const before = await step.states(...names);
  const prior = await step.capture();
  assert.equal(codeOf(await step.apply(prior)), expectApply);
  if (expectApply === 'ok') works(await step.verify(prior), step.output());
  works(await step.revert(prior), step.output());
  assert.deepEqual(await step.states(...names), before);
  assert.deepEqual(await lab.system.broken(step.context), []);
}

/** What a package system must do, and what the packages step makes of it: the same for the real one and for the one in memory. */
export const PACKAGE_CASES: readonly PackageCase[] = [
  {
    name: 'goes to an exact version with what it needs, marks as asked, and back to exactly what was there',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1'));
      await lab.hold('farrier-hoof');
      await lab.publish([hoof('1.0-1'), hoof('1.1-1', { depends: 'farrier-nail (>= 2)' }), nail('2.0-1'), nail('1.0-1')]);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      works(await step.stage());
      assert.deepEqual(await step.check(), { ok: true, state: 'needed' });
      const prior = await step.capture();
      assert.deepEqual(prior.packages.map(({ name, version, hold, auto }) => [name, version, hold, auto]).toSorted(), [['farrier-hoof', '1.0-1', true, false], ['farrier-nail', null, false, false]]);
      works(await step.apply(prior), step.output());
      works(await step.verify(prior), step.output());
      const another = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      works(await another.stage());
      assert.deepEqual(await another.check(), { ok: true, state: 'satisfied' });
      assert.equal(await lab.runs('farrier-hoof'), 'farrier-hoof 1.1-1');
      assert.deepEqual((await step.states('farrier-hoof', 'farrier-nail')).map(({ version, hold, auto }) => [version, hold, auto]), [['1.1-1', true, false], ['2.0-1', false, true]]);
      works(await step.revert(prior), step.output());
      works(await step.revert(prior), step.output());
      assert.deepEqual((await step.states('farrier-hoof', 'farrier-nail')).map(({ state, version, hold, auto }) => [state, version, hold, auto]), [['installed', '1.0-1', true, false], ['absent', null, false, false]]);
      assert.equal(await lab.runs('farrier-hoof'), 'farrier-hoof 1.0-1');
      assert.equal(await lab.runs('farrier-nail'), '');
    },
  },
  {
    name: 'holds again what a transaction that failed left without its hold, where a person has to go on',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1'));
      await lab.hold('farrier-hoof');
      await lab.publish([hoof('1.0-1'), hoof('1.1-1', { depends: 'farrier-nail', broken: ['postinst'] }), nail('1.0-1')]);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      works(await step.stage());
      const prior = await step.capture();
      await step.apply(prior);
      for (const _ of ['once', 'again']) {
        await step.whenHeld(prior);
        assert.deepEqual((await step.states('farrier-hoof')).map(({ hold }) => hold), [true]);
      }
      works(await step.revert(prior), step.output());
      assert.deepEqual((await step.states('farrier-hoof', 'farrier-nail')).map(({ version, hold }) => [version, hold]), [['1.0-1', true], [null, false]]);
    },
  },
  {
    name: 'goes down as well as up, and applies twice as well as once',
    run: async (lab) => {
      await lab.installed(hoof('2:2.0+k3s~1-1'));
      await lab.publish([hoof('2:2.0+k3s~1-1'), hoof('1.0-1')]);
      const step = await atWork(lab, { 'farrier-hoof': '1.0-1' });
      works(await step.stage());
      works(await step.stage());
      const prior = await step.capture();
      works(await step.apply(prior), step.output());
      works(await step.apply(prior), step.output());
      works(await step.verify(prior));
      works(await step.revert(prior), step.output());
      assert.equal(await lab.runs('farrier-hoof'), 'farrier-hoof 2:2.0+k3s~1-1');
    },
  },
  {
    name: 'a later step is staged against what the earlier ones bring, and both go back one after the other',
    run: async (lab) => {
      const anvil: LabPackage = { name: 'farrier-anvil', version: '1.0-1', depends: 'farrier-nail (>= 2)' };
      const names = ['farrier-hoof', 'farrier-nail', 'farrier-anvil'];
      await lab.installed(hoof('1.0-1'));
      const published = [hoof('1.0-1'), hoof('1.1-1', { depends: 'farrier-nail (>= 2)' }), nail('2.0-1'), anvil];
      await lab.publish(published);
      const first = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      const before = await first.states(...names);
      works(await first.stage());
      await lab.publish([...published, nail('3.0-1')]);
      const second = await atWork(lab, { 'farrier-anvil': '1.0-1' }, 'keep', ['lab'], [{ spec: first.spec, folder: first.context.folder }]);
      const third = await atWork(lab, { 'farrier-nail': '3.0-1' }, 'keep', ['lab'], [first, second].map(({ spec, context }) => ({ spec, folder: context.folder })));
      for (const step of [second, third, second, third]) works(await step.stage());
      const priors: PackagesPrior[] = [];
      for (const step of [first, second, third]) {
        const prior = await step.capture();
        works(await step.apply(prior), step.output());
        works(await step.verify(prior));
        priors.push(prior);
      }
      // What the first one brings is no change of the second, and what the third one finds is the first one's.
      assert.deepEqual(priors.map((prior) => prior.packages.map(({ name, version }) => `${name} ${version}`).toSorted()), [['farrier-hoof 1.0-1', 'farrier-nail null'], ['farrier-anvil null'], ['farrier-nail 2.0-1']]);
      for (const step of [third, second, first]) works(await step.revert(priors.pop() ?? assert.fail('no prior')), step.output());
      assert.deepEqual(await first.states(...names), before);
    },
  },
  {
    name: 'installs what was not there and purges it on the way back',
    run: async (lab) => {
      await lab.publish([nail('1.0-1', { conffile: 'a' })]);
      await thereAndBack(lab, { 'farrier-nail': '1.0-1' }, 'ok');
      assert.equal(await readFile(lab.conffilePath('farrier-nail'), 'utf8').catch(() => 'none'), 'none');
    },
  },
  {
    name: 'says which versions there are when the one asked for is not',
    run: async (lab) => {
      await lab.publish([hoof('1.0-1'), hoof('1.1-1')]);
      const result = await (await atWork(lab, { 'farrier-hoof': '7.0-1' })).stage();
      assert.equal(codeOf(result), 'version-not-found');
      assert.match(JSON.stringify(result), /farrier-hoof 7\.0-1.*1\.1-1, 1\.0-1/);
      assert.equal(codeOf(await (await atWork(lab, { 'farrier-anvil': '1.0-1' })).stage()), 'version-not-found');
    },
  },
  {
    name: 'knows no source that no admin wrote',
    run: async (lab) => {
      await lab.publish([hoof('1.0-1')]);
      assert.equal(codeOf(await (await atWork(lab, { 'farrier-hoof': '1.0-1' }, 'keep', ['elsewhere'])).stage()), 'source-unknown');
    },
  },
  {
    name: 'refuses what would remove another package',
    run: async (lab) => {
      await lab.installed(nail('1.0-1'));
      await lab.publish([hoof('1.0-1', { conflicts: 'farrier-nail' }), nail('1.0-1')]);
      const result = await (await atWork(lab, { 'farrier-hoof': '1.0-1' })).stage();
      assert.equal(codeOf(result), 'not-allowed');
      assert.match(JSON.stringify(result), /farrier-nail/);
    },
  },
  {
    name: 'refuses what cannot be met from the named sources',
    run: async (lab) => {
      await lab.publish([hoof('1.0-1', { depends: 'farrier-anvil' })]);
      assert.equal(codeOf(await (await atWork(lab, { 'farrier-hoof': '1.0-1' })).stage()), 'version-not-found');
    },
  },
  ...[['postinst'], ['postinst', 'prerm'], ['postinst', 'prerm', 'postrm'], ['preinst']].map((broken): PackageCase => ({
    name: `comes back from a version whose ${broken.join(', ')} fails`,
    run: async (lab) => {
      await lab.installed(hoof('1.0-1', { conffile: 'old' }));
      await lab.publish([hoof('1.0-1', { conffile: 'old' }), hoof('1.2-1', { broken: broken as LabPackage['broken'] & object, conffile: 'new' })]);
      await thereAndBack(lab, { 'farrier-hoof': '1.2-1' }, 'apply-failed');
      assert.equal(await lab.runs('farrier-hoof'), 'farrier-hoof 1.0-1');
    },
  })),
  {
    name: 'takes a new package away whose every script fails',
    run: async (lab) => {
      await lab.installed(nail('1.0-1'));
      await lab.publish([hoof('1.0-1', { broken: ['postinst', 'prerm', 'postrm'], depends: 'farrier-nail (>= 2)' }), nail('2.0-1'), nail('1.0-1')]);
      await thereAndBack(lab, { 'farrier-hoof': '1.0-1' }, 'apply-failed');
    },
  },
  {
    name: 'goes on after a power cut between unpacking and configuring, and back as well',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1'));
      await lab.publish([hoof('1.0-1'), hoof('1.1-1')]);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      works(await step.stage());
      const prior = await step.capture();
      await lab.unpacked(hoof('1.1-1'));
      assert.equal((await step.states('farrier-hoof'))[0]?.state, 'broken');
      assert.deepEqual(await step.check(), { ok: true, state: 'needed' });
      works(await step.apply(prior), step.output());
      works(await step.verify(prior));
      await lab.unpacked(hoof('1.1-1'));
      works(await step.revert(prior), step.output());
      assert.equal(await lab.runs('farrier-hoof'), 'farrier-hoof 1.0-1');
    },
  },
  {
    name: 'goes on after it was killed while it unpacked what another package needs',
    run: async (lab) => {
      await lab.installed(nail('1.0-1'));
      await lab.installed(hoof('1.0-1'));
      await lab.publish([nail('1.0-1'), hoof('1.0-1'), nail('2.0-1'), hoof('1.1-1', { depends: 'farrier-nail (>= 2)' })]);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1', 'farrier-nail': '2.0-1' });
      works(await step.stage());
      const prior = await step.capture();
      works(await step.apply(prior), step.output());
      await lab.cutOff(nail('2.0-1'));
      works(await step.apply(prior), step.output());
      works(await step.verify(prior));
      await lab.cutOff(nail('2.0-1'));
      works(await step.revert(prior), step.output());
      assert.deepEqual([await lab.runs('farrier-nail'), await lab.runs('farrier-hoof')], ['farrier-nail 1.0-1', 'farrier-hoof 1.0-1']);
    },
  },
  {
    name: 'begins nothing on a host whose packages are broken already',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1'));
      await lab.publish([hoof('1.0-1'), hoof('1.1-1')]);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      works(await step.stage());
      await lab.unpacked(nail('1.0-1'));
      assert.equal(await step.captureFails(), 'package-system-broken');
      assert.equal(codeOf(await (await atWork(lab, { 'farrier-hoof': '1.1-1' })).stage()), 'package-system-broken');
    },
  },
  {
    name: 'begins nothing when somebody changed a package after it was staged',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1'));
      await lab.publish([hoof('1.0-1'), hoof('1.1-1'), hoof('1.2-1')]);
      const step = await atWork(lab, { 'farrier-hoof': '1.2-1' });
      works(await step.stage());
      await lab.installed(hoof('1.1-1'));
      assert.equal(await step.captureFails(), 'prior-unavailable');
    },
  },
  {
    name: 'begins nothing when a staged file was changed',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1'));
      await lab.publish([hoof('1.0-1'), hoof('1.1-1')]);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      works(await step.stage());
      const [old = ''] = await readdir(`${step.context.folder}/old`);
      await writeFile(`${step.context.folder}/old/${old}`, 'no package');
      assert.equal(await step.captureFails(), 'prior-unavailable');
    },
  },
  {
    name: 'keeps the installed version where no source has it any more, and goes back to it',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1', { conffile: 'old' }));
      await writeFile(lab.conffilePath('farrier-hoof'), 'mine');
      await lab.publish([hoof('1.1-1', { conffile: 'new' })]);
      await thereAndBack(lab, { 'farrier-hoof': '1.1-1' }, 'ok');
      assert.equal(await lab.runs('farrier-hoof'), 'farrier-hoof 1.0-1');
      assert.equal(await readFile(lab.conffilePath('farrier-hoof'), 'utf8'), 'mine');
    },
  },
  ...(['keep', 'replace'] as const).map((policy): PackageCase => ({
    name: `conffiles: ${policy} does so with one that a person changed, and going back brings it back byte for byte`,
    run: async (lab) => {
      await lab.installed(hoof('1.0-1', { conffile: 'old' }));
      const path = lab.conffilePath('farrier-hoof');
      await writeFile(path, 'mine');
      await lab.publish([hoof('1.0-1', { conffile: 'old' }), hoof('1.1-1', { conffile: 'new' })]);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1' }, policy);
      works(await step.stage());
      const prior = await step.capture();
      works(await step.apply(prior), step.output());
      assert.equal(await readFile(path, 'utf8'), policy === 'keep' ? 'mine' : 'new');
      const { persons, packages } = lab.system.conffileSuffixes;
      // No package system syncs what it lays beside: a power cut may take it.
      const [beside, content, other] = policy === 'keep' ? [path + packages, 'new', path + persons] : [path + persons, 'mine', path + packages];
      assert.equal(await readFile(beside, 'utf8'), content);
      assert.equal(await readFile(other, 'utf8').catch(() => 'none'), 'none');
      await rm(beside);
      assert.deepEqual(await step.check(), { ok: true, state: 'needed' });
      works(await step.apply(prior), step.output());
      assert.equal(await readFile(beside, 'utf8'), content);
      works(await step.revert(prior), step.output());
      assert.equal(await readFile(path, 'utf8'), 'mine');
      for (const laid of [beside, other]) assert.equal(await readFile(laid, 'utf8').catch(() => 'none'), 'none');
    },
  })),
  {
    name: 'names who holds the lock, and changes nothing, so that going back needs no lock',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1'));
      await lab.publish([hoof('1.0-1'), hoof('1.1-1')]);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      works(await step.stage());
      const prior = await step.capture();
      const letGo = await lab.occupied();
      const result = await step.apply(prior);
      works(await step.revert(prior), step.output());
      await letGo();
      assert.equal(codeOf(result), 'lock-held');
      assert.match(JSON.stringify(result), /process \d+ \(\S+\)/);
      works(await step.apply(prior), step.output());
    },
  },
];
