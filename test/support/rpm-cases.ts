import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

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

/** What rpm finds different from what was installed, its header's digest, and each file as a person would list it. */
async function stateOf(name: string, folder: string): Promise<string> {
  const run = async (program: string, ...words: readonly string[]): Promise<string> => (await promisify(execFile)(program, words)).stdout;
  const verified = await run('rpm', '--verify', name).catch((error: unknown) => (error as { readonly stdout: string }).stdout);
  const files = await run('find', folder, '-type', 'd', '-printf', '%p %M %u %g\n', '-o', '-printf', '%p %M %u %g %s %n %l %T@\n');
  const sums = await run('find', folder, '-type', 'f', '-exec', 'sha256sum', '{}', '+');
  return [verified, await run('rpm', '--query', '--queryformat', '%{SHA256HEADER}', name), files, sums].map((text) => text.split('\n').toSorted().join('\n')).join('\n');
}

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
  ...['w6.gzdio', 'w3.zstdio', 'w1.xzdio'].map((payload): RpmCase => ({
    name: `packs an installed package again, file by file the same (${payload})`,
    run: async (lab) => {
      const lib = '/usr/lib/farrier-hoof';
      await lab.installed(hoof('1.0-1', { payload, conffile: 'old', more: {
        install: [`mkdir -p %{buildroot}${lib}/empty`, `cd %{buildroot}${lib}`, 'head -c 300001 /dev/urandom > large', 'echo once > one', 'ln one two', 'ln -s ../farrier-hoof/one link', 'touch nothing', 'echo x > private'],
        files: [lib, `%attr(4750,root,daemon) ${lib}/private`, '%ghost /run/farrier-hoof.pid'],
      } }));
      await writeFile('/etc/farrier-hoof.conf', 'mine, and longer than what the package brought');
      await lab.publish([hoof('1.1-1', { conffile: 'new' })]);
      const step = await atWork(lab, { 'farrier-hoof': '1.1-1' });
      const before = await stateOf('farrier-hoof', lib);
      works(await step.stage(), step.output());
      const prior = await step.capture();
      works(await step.apply(prior), step.output());
      await assert.rejects(readFile(`${lib}/large`));
      works(await step.revert(prior), step.output());
      assert.equal(await stateOf('farrier-hoof', lib), before);
      assert.equal(await readFile('/etc/farrier-hoof.conf', 'utf8'), 'mine, and longer than what the package brought');
    },
  })),
  {
    name: 'packs nothing again that was damaged, and says which file was',
    run: async (lab) => {
      await lab.installed(hoof('1.0-1'));
      await writeFile('/usr/bin/farrier-hoof', '#!/bin/sh\necho farrier-hoof 9.9-9\n');
      await lab.publish([hoof('1.1-1')]);
      const result = await (await atWork(lab, { 'farrier-hoof': '1.1-1' })).stage();
      assert.equal(codeOf(result), 'prior-unavailable');
      assert.match(JSON.stringify(result), /\/usr\/bin\/farrier-hoof was changed/);
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
