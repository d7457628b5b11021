import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { atWork, codeOf, works } from './packages-at-work.ts';
import { type RpmFamilyName, type RpmLab, type RpmLabPackage, VERSIONLOCK_LIST } from './rpm-lab.ts';

export interface RpmCase {
  readonly name: string;
  readonly run: (lab: RpmLab, family: RpmFamilyName) => Promise<void>;
}

const hoof = (version: string, more: Partial<RpmLabPackage> = {}): RpmLabPackage => ({ name: 'farrier-hoof', version, ...more });
const nail = (version: string): RpmLabPackage => ({ name: 'farrier-nail', version });

/** Where dnf and zypper keep what they know of sources. */
const KEPT = ['/etc/zypp', '/etc/dnf', '/etc/yum.repos.d', '/var/cache/zypp', '/var/lib/zypp'];
const listed = () => Promise.all(KEPT.map((folder) => readdir(folder, { recursive: true }).catch(() => [])));

/** What rpm alone, or dnf and zypper alone, do or cannot do. */
export const RPM_CASES: readonly RpmCase[] = [
  {
    name: 'puts every file back where the database knows nothing of a transaction that was cut off',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1'));
      await lab.publish([hoof('1.0-1'), hoof('1.1-1', { broken: ['preinst'] })]);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      works(await step.stage());
      const prior = await step.capture();
      assert.equal(codeOf(await step.apply(prior)), 'apply-failed');
      // rpm notes a package after its files: a power cut in between leaves this.
      await writeFile('/usr/bin/farrier-hoof', 'half of 1.1');
      works(await step.revert(prior), step.output());
      assert.equal(await lab.runs('farrier-hoof'), 'farrier-hoof 1.0-1');
    },
  },
  {
    name: 'refuses what would take another package’s place',
    run: async (lab) => {
      await lab.installed(nail('1.0-1'));
      await lab.publish([hoof('1.0-1', { preamble: ['Obsoletes: farrier-nail'] })]);
      const result = await (await atWork(lab, { 'farrier-hoof': '1.0-1' })).stage();
      assert.equal(codeOf(result), 'not-allowed');
      assert.match(JSON.stringify(result), /farrier-nail/);
    },
  },
  {
    name: 'takes nothing away that came between staging and now',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1'));
      await lab.publish([hoof('1.0-1'), hoof('1.1-1', { preamble: ['Obsoletes: farrier-nail'] })]);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      works(await step.stage());
      const prior = await step.capture();
      await lab.installed(nail('1.0-1'));
      const result = await step.apply(prior);
      assert.equal(codeOf(result), 'apply-failed');
      assert.match(JSON.stringify(result), /remove farrier-nail/);
      assert.equal(await lab.runs('farrier-nail'), 'farrier-nail 1.0-1');
    },
  },
  {
    name: 'refuses a package that lies beside its older versions, such as a kernel',
    run: async (lab) => {
      await lab.publish([hoof('1.0-1', { preamble: ['Provides: installonlypkg(kernel)'] })]);
      assert.equal(codeOf(await (await atWork(lab, { 'farrier-hoof': '1.0-1' })).stage()), 'not-allowed');
    },
  },
  {
    name: 'installs nothing that no key of its source has signed, whatever the host’s own settings say',
    run: async (lab) => {
      await lab.publish([hoof('1.0-1')]);
      await writeFile('/etc/dnf/dnf.conf', '[main]\ngpgcheck=0\n');
      await writeFile('/etc/zypp/zypp.conf', '[main]\ngpgcheck = off\nrepo_gpgcheck = off\npkg_gpgcheck = off\n');
      const source = (...lines: readonly string[]) => writeFile(join(lab.sourcesDir, 'lab.repo'), `[lab]\nname=lab\nbaseurl=file://${lab.repository}\n${lines.join('\n')}\n`);
      const staged = async () => codeOf(await (await atWork(lab, { 'farrier-hoof': '1.0-1' })).stage());
      await source();
      assert.equal(await staged(), 'not-allowed');
      await source('repo_gpgcheck=0', 'gpgcheck=1');
      assert.equal(await staged(), 'not-allowed');
      await source('gpgkey=file:///nowhere/key.asc');
      assert.equal(await staged(), 'source-key-unusable');
      await source('gpgkey=https://keys.example/key.asc');
      assert.equal(await staged(), 'source-key-unusable');
      await source('gpgcheck=0');
      assert.equal(await staged(), 'ok');
    },
  },
  {
    name: 'installs what the key of its source has signed, and not what another key has',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1'));
      await lab.publish([hoof('1.0-1'), hoof('1.1-1')]);
      const source = (key: string) => writeFile(join(lab.sourcesDir, 'lab.repo'), `[lab]\nname=lab\nbaseurl=file://${lab.repository}\ngpgkey=file://${key}\n`);
      const key = await lab.sign();
      await source(await lab.strangersKey());
      assert.equal(codeOf(await (await atWork(lab, { 'farrier-hoof': '1.1-1' })).stage()), 'not-allowed');
      await source(key);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      works(await step.stage(), step.output());
      const prior = await step.capture();
      works(await step.apply(prior), step.output());
      works(await step.verify(prior), step.output());
      works(await step.revert(prior), step.output());
    },
  },
  {
    name: 'says that a source does not answer',
    run: async (lab) => {
      await lab.publish([hoof('1.0-1')]);
      await rm(lab.repository, { recursive: true });
      assert.equal(codeOf(await (await atWork(lab, { 'farrier-hoof': '1.0-1' })).stage()), 'source-unreachable');
    },
  },
  {
    name: 'leaves no trace on the host of having asked a source',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1'));
      await lab.publish([hoof('1.0-1'), hoof('1.1-1')]);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      const before = await listed();
      works(await step.stage());
      assert.deepEqual(await listed(), before);
      assert.deepEqual(await readdir(join(lab.sourcesDir, '../cache')), []);
    },
  },
  ...[['farrier-hoof-0:1.0-1.*', 'farrier-hoof-0:1.1-1.*'], ['farrier-hoof-1.0*', 'farrier-hoof-0:1.1-1.*'], ['farrier-hoof-0:1.*', 'farrier-hoof-0:1.*'], ['farrier-h*-1.0-1', 'farrier-h*-1.0-1']].map(([before = '', after = '']): RpmCase => ({
    name: `a lock of dnf's plugin, ${before}, goes along as ${after} and comes back`,
    run: async (lab, family) => {
      if (family !== 'dnf') return;
      await lab.installed(hoof('1.0-1'));
      await lab.publish([hoof('1.0-1'), hoof('1.1-1')]);
      const list = `# mine\nbash-0:5.2-1.*\n${before}\n!farrier-nail-0:2.0-1.*\n`;
      await writeFile(VERSIONLOCK_LIST, list);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      works(await step.stage());
      const prior = await step.capture();
      assert.equal(prior.packages[0]?.hold, true);
      works(await step.apply(prior), step.output());
      works(await step.verify(prior), step.output());
      assert.ok((await readFile(VERSIONLOCK_LIST, 'utf8')).split('\n').includes(after));
      works(await step.revert(prior), step.output());
      assert.equal(await readFile(VERSIONLOCK_LIST, 'utf8'), list);
    },
  })),
];
