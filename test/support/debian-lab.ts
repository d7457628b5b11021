import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { aptPackageSystem } from '../../agent/adapters/apt/apt-package-system.ts';
import { runProgram } from '../../agent/adapters/run-program.ts';
import { holdLock } from './hold-lock.ts';
import type { LabPackage, PackageLab } from './package-lab.ts';

const run = promisify(execFile);
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
const NAMES = ['farrier-hoof', 'farrier-nail', 'farrier-anvil'];

/** The real package system of the machine that this runs on: only ever a throw-away one. Removes what an earlier lab left. */
export async function debianLab(): Promise<PackageLab> {
  const base = await mkdtemp('/var/tmp/farrier-lab-');
  await chmod(base, 0o755);
  await clean();
  const sourcesDir = join(base, 'sources.d');
  const repository = join(base, 'repository');
  for (const folder of [sourcesDir, repository]) await mkdir(folder);
  await writeFile(join(sourcesDir, 'lab.list'), `deb [trusted=yes] file:${repository} ./\n`);
  const dpkg = (...words: readonly string[]) => run('dpkg', ['--force-confold', ...words], { env: ENVIRONMENT });
  let count = 0;
  const debOf = async (spec: LabPackage): Promise<string> => buildDeb(spec, join(base, `build-${(count += 1)}`));
  return {
    system: aptPackageSystem({ run: runProgram, sourcesDir, cacheDir: join(base, 'cache'), lockWaitMs: 1_500 }),
    publish: async (packages) => {
      await rm(repository, { recursive: true });
      await mkdir(repository);
      const paragraphs: string[] = [];
      for (const spec of packages) {
        const deb = await debOf(spec);
        const name = `${spec.name}_${paragraphs.length}.deb`;
        await run('cp', [deb, join(repository, name)]);
        const { stdout: control } = await run('dpkg-deb', ['--field', deb]);
        const { stdout: sum } = await run('sha256sum', [deb]);
        const { stdout: size } = await run('stat', ['--format=%s', deb]);
        paragraphs.push(`${control.trim()}\nFilename: ./${name}\nSize: ${size.trim()}\nSHA256: ${sum.split(' ')[0] ?? ''}\n`);
      }
      await writeFile(join(repository, 'Packages'), paragraphs.join('\n'));
    },
    installed: async (spec) => void (await dpkg('--install', await debOf(spec))),
    hold: async (name) => void (await run('apt-mark', ['hold', name], { env: ENVIRONMENT })),
    conffilePath: (name) => `/etc/${name}.conf`,
    runs: async (name) => (await run(`/usr/bin/${name}`, []).catch(() => ({ stdout: '' }))).stdout.trim(),
    unpacked: async (spec) => void (await dpkg('--unpack', await debOf(spec))),
    cutOff: async (spec) => {
      await dpkg('--unpack', await debOf(spec));
      await run('sed', ['-i', `/^Package: ${spec.name}$/,/^$/ s/^Status:.*/Status: install reinstreq half-installed/`, '/var/lib/dpkg/status']);
    },
    occupied: () => holdLock('/var/lib/dpkg/lock-frontend'),
    folder: () => mkdtemp(join(base, 'step-')),
  };
}

async function clean(): Promise<void> {
  for (const name of NAMES) {
    for (const script of ['prerm', 'postrm']) await rm(`/var/lib/dpkg/info/${name}.${script}`, { force: true });
    await run('dpkg', ['--force-all', '--purge', name], { env: ENVIRONMENT }).catch(() => undefined);
    await rm(`/etc/${name}.conf`, { force: true });
  }
}

async function buildDeb({ name, version, depends, conflicts, conffile, broken }: LabPackage, folder: string): Promise<string> {
  await mkdir(join(folder, 'DEBIAN'), { recursive: true });
  await mkdir(join(folder, 'usr/bin'), { recursive: true });
  const fields = [`Package: ${name}`, `Version: ${version}`, 'Architecture: all', 'Maintainer: nobody <nobody@example.org>', 'Installed-Size: 100'];
  if (depends !== undefined) fields.push(`Depends: ${depends}`);
  if (conflicts !== undefined) fields.push(`Conflicts: ${conflicts}`);
  await writeFile(join(folder, 'DEBIAN/control'), `${fields.join('\n')}\nDescription: made for a test\n`);
  await writeFile(join(folder, 'usr/bin', name), `#!/bin/sh\necho ${name} ${version}\n`, { mode: 0o755 });
  for (const script of broken ?? []) await writeFile(join(folder, 'DEBIAN', script), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  if (conffile !== undefined) {
    await mkdir(join(folder, 'etc'));
    await writeFile(join(folder, 'etc', `${name}.conf`), conffile);
    await writeFile(join(folder, 'DEBIAN/conffiles'), `/etc/${name}.conf\n`);
  }
  const deb = `${folder}.deb`;
  await run('dpkg-deb', ['--root-owner-group', '--build', folder, deb]);
  return deb;
}
