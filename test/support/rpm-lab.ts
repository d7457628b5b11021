import { execFile } from 'node:child_process';
import { appendFile, chmod, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

import { dnf } from '../../agent/adapters/rpm/dnf.ts';
import { rpmPackageSystem } from '../../agent/adapters/rpm/rpm-package-system.ts';
import { zypper } from '../../agent/adapters/rpm/zypper.ts';
import { runProgram } from '../../agent/adapters/run-program.ts';
import { holdLock } from './hold-lock.ts';
import type { LabPackage, PackageLab } from './package-lab.ts';

const run = promisify(execFile);
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' };
const FAMILIES = { dnf, zypper };
const NAMES = ['farrier-hoof', 'farrier-nail', 'farrier-anvil'];
/** Of dnf's plugin. */
export const VERSIONLOCK_LIST = '/etc/dnf/plugins/versionlock.list';
const SCRIPTS = { preinst: 'pre', postinst: 'post', prerm: 'preun', postrm: 'postun' };

export interface RpmLabPackage extends LabPackage {
  /** Lines of its preamble: `Obsoletes: farrier-nail`. */
  readonly preamble?: readonly string[];
  /** Lines that lay more files below `%{buildroot}`, and lines that list them. */
  readonly more?: { readonly install: readonly string[]; readonly files: readonly string[] };
  /** How its payload is compressed: `w3.zstdio`. */
  readonly payload?: string;
}

export interface RpmLab extends PackageLab {
  publish(packages: readonly RpmLabPackage[]): Promise<void>;
  readonly sourcesDir: string;
  /** That the source `lab` lies in. */
  readonly repository: string;
  /** Signs what is published, packages and index. @returns the key as a file. */
  sign(): Promise<string>;
  /** @returns the key of somebody else as a file. */
  strangersKey(): Promise<string>;
}

export type RpmFamilyName = keyof typeof FAMILIES;

export interface RpmLabOptions {
  /** What the packages say of their configuration files, which rpm obeys and not the policy: `config` gives way to the package. */
  readonly conffileFlag: 'config' | 'config(noreplace)';
}

/**
 * The real rpm, with dnf or zypper, of the machine that this runs on: only ever a throw-away one. On a Debian its database
 * stands beside dpkg's and knows nothing but what a lab installs. Removes what an earlier lab left.
 */
export async function rpmLab(family: RpmFamilyName, { conffileFlag }: RpmLabOptions): Promise<RpmLab> {
  const base = await mkdtemp('/var/tmp/farrier-lab-');
  await chmod(base, 0o755);
  // Debian keeps it in root's home otherwise.
  await mkdir('/etc/rpm', { recursive: true });
  await writeFile('/etc/rpm/macros.farrier', '%_dbpath /var/lib/rpm\n');
  const sourcesDir = join(base, 'sources.d');
  const repository = join(base, 'repository');
  for (const folder of [sourcesDir, repository]) await mkdir(folder);
  await writeFile(join(sourcesDir, 'lab.repo'), `[lab]\nname=lab\nbaseurl=file://${repository}\ngpgcheck=0\n`);
  const rpm = async (...words: readonly string[]): Promise<string> => (await run('rpm', words, { env: ENVIRONMENT })).stdout;
  let count = 0;
  const rpmOf = async (spec: RpmLabPackage): Promise<string> => buildRpm(spec, conffileFlag, join(base, `build-${(count += 1)}`));
  const installedTimes = async (name: string): Promise<number> => (await rpm('--query', name).catch(() => '')).split('\n').filter((line) => line !== '').length;
  /** rpm knows no half: what a transaction that was cut off leaves in its database is two versions at once. */
  const unpacked = async (spec: LabPackage): Promise<void> => {
    await rpm('--install', '--force', '--nodeps', '--noscripts', await rpmOf(spec));
    if ((await installedTimes(spec.name)) < 2) await rpm('--install', '--justdb', '--force', '--nodeps', '--noscripts', await rpmOf({ name: spec.name, version: '0.1-1' }));
  };
  await clean(rpm);
  // Scripts need a shell, and on a Debian no .rpm brings one.
  await rpm('--install', await buildRpm({ name: 'farrier-shell', version: '1-1', preamble: ['Provides: /bin/sh'] }, conffileFlag, join(base, 'shell')));
  const parts = { run: runProgram, sourcesDir, cacheDir: join(base, 'cache'), lockWaitMs: 1_500 };
  return {
    sourcesDir,
    repository,
    system: rpmPackageSystem(parts, FAMILIES[family](parts)),
    publish: async (packages) => {
      await rm(repository, { recursive: true });
      await mkdir(repository);
      for (const [index, spec] of packages.entries()) {
        const path = await rpmOf(spec);
        await copyFile(path, join(repository, `${index}-${basename(path)}`));
      }
      await run('createrepo_c', ['--quiet', repository]);
    },
    sign: async () => {
      const { home, file } = await makeKey(base, 'owner');
      const env = { ...ENVIRONMENT, GNUPGHOME: home };
      const paths = (await readdir(repository)).filter((name) => name.endsWith('.rpm')).map((name) => join(repository, name));
      await run('rpmsign', ['--define', '_gpg_name owner', '--define', '__gpg /usr/bin/gpg', '--addsign', ...paths], { env });
      await run('createrepo_c', ['--quiet', repository]);
      await run('gpg', ['--batch', '--quiet', '--armor', '--detach-sign', join(repository, 'repodata/repomd.xml')], { env });
      return file;
    },
    strangersKey: async () => (await makeKey(base, 'stranger')).file,
    installed: async (spec) => void (await rpm('--upgrade', '--oldpackage', await rpmOf(spec))),
    hold: async (name) => {
      if (family === 'zypper') await run('zypper', ['--non-interactive', 'addlock', name], { env: ENVIRONMENT });
      // As its plugin's `add` does.
      else await appendFile(VERSIONLOCK_LIST, `\n# Added lock on Thu Jan  1 00:00:00 1970\n${(await rpm('--query', '--queryformat', '%{NAME}-0:%{VERSION}-%{RELEASE}.*', name)).trim()}\n`);
    },
    conffilePath: (name) => `/etc/${name}.conf`,
    runs: async (name) => (await run(`/usr/bin/${name}`, []).catch(() => ({ stdout: '' }))).stdout.trim(),
    unpacked,
    cutOff: async (spec) => {
      await unpacked(spec);
      await rm(`/usr/bin/${spec.name}`);
    },
    occupied: () => holdLock('/var/lib/rpm/.rpm.lock'),
    folder: () => mkdtemp(join(base, 'step-')),
  };
}

async function makeKey(folder: string, name: string): Promise<{ readonly home: string; readonly file: string }> {
  const home = join(folder, `gpg-${name}`);
  await mkdir(home, { mode: 0o700 });
  const env = { ...ENVIRONMENT, GNUPGHOME: home };
  await run('gpg', ['--batch', '--quiet', '--passphrase', '', '--quick-generate-key', name, 'rsa2048', 'sign', 'never'], { env });
  const file = join(folder, `${name}.asc`);
  await writeFile(file, (await run('gpg', ['--armor', '--export', name], { env })).stdout);
  await run('gpgconf', ['--kill', 'all'], { env });
  return { home, file };
}

async function clean(rpm: (...words: readonly string[]) => Promise<string>): Promise<void> {
  for (const name of [...NAMES, 'farrier-shell']) await rpm('--erase', '--allmatches', '--nodeps', '--noscripts', name).catch(() => undefined);
  for (const path of ['/var/lib/dnf', '/var/lib/zypp/AutoInstalled', '/etc/zypp/locks', VERSIONLOCK_LIST]) await rm(path, { recursive: true, force: true });
  for (const name of await readdir('/etc')) if (NAMES.some((one) => name.startsWith(`${one}.conf`))) await rm(join('/etc', name));
  await mkdir('/etc/dnf/plugins', { recursive: true });
}

async function buildRpm({ name, version, depends, conflicts, conffile, broken, preamble = [], more, payload = 'w6.gzdio' }: RpmLabPackage, conffileFlag: string, folder: string): Promise<string> {
  const [, epoch, upstream = '', release = ''] = /^(?:(\d+):)?([^-]+)-([^-]+)$/.exec(version) ?? [];
  const header = [`Name: ${name}`, `Version: ${upstream}`, `Release: ${release}`, 'Summary: made for a test', 'License: none', 'BuildArch: noarch', 'AutoReqProv: no', ...preamble];
  if (epoch !== undefined) header.push(`Epoch: ${epoch}`);
  // As Debian writes it: `nail (>= 2)`.
  if (depends !== undefined) header.push(`Requires: ${depends.replaceAll(/[()]/g, '')}`);
  if (conflicts !== undefined) header.push(`Conflicts: ${conflicts}`);
  const lines = [...header, '%description', 'made for a test', '%install', 'mkdir -p %{buildroot}/usr/bin %{buildroot}/etc', `printf '#!/bin/sh\\necho ${name} ${version}\\n' > %{buildroot}/usr/bin/${name}`];
  if (conffile !== undefined) lines.push(`printf '%s' '${conffile}' > %{buildroot}/etc/${name}.conf`);
  lines.push(...(more?.install ?? []));
  for (const script of broken ?? []) lines.push(`%${SCRIPTS[script]}`, 'exit 1');
  lines.push('%files', `%attr(755,root,root) /usr/bin/${name}`);
  if (conffile !== undefined) lines.push(`%${conffileFlag} /etc/${name}.conf`);
  lines.push(...(more?.files ?? []));
  await mkdir(folder, { recursive: true });
  const spec = join(folder, 'made.spec');
  await writeFile(spec, `${lines.join('\n')}\n`);
  const defines = [`_topdir ${folder}`, `_rpmdir ${folder}/made`, '_build_id_links none', '__os_install_post %{nil}', `_binary_payload ${payload}`].flatMap((one) => ['--define', one]);
  await run('rpmbuild', ['--quiet', '-bb', ...defines, spec], { env: ENVIRONMENT });
  const made = join(folder, 'made/noarch');
  return join(made, (await readdir(made))[0] ?? '');
}
