import { readFile } from 'node:fs/promises';

import type { PackageVersion } from '../../../shared/domain/step-spec.ts';
import type { PackageCall } from '../../ports/package-system.ts';
import type { ProgramResult } from '../../ports/programs.ts';
import { rewriteFile } from '../../steps/files/place-file.ts';
import { stepFailure } from '../../steps/step.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { invoke, mustRun } from './invoke-rpm.ts';
import type { RpmFamily, ScratchRoot } from './rpm-family.ts';
import { isLocked, lockAt, unlock } from './versionlock.ts';

const VERSIONLOCK = '/etc/dnf/plugins/versionlock.conf';
/** What dnf notes of a package that nobody asked for by name (dnf-transaction-reason). */
const AUTO_REASONS = ['dependency', 'weak-dependency'];

/** Plugins may print, ask and hold back what they like; what a source needs stands in its own file. */
const QUIET = ['--assumeyes', '--noplugins', '--color=never'];
/** dnf as it looks at the host alone. */
const OWN = ['dnf', ...QUIET, '--quiet', '--cacheonly', '--setopt=reposdir=/dev/null', '--setopt=exit_on_lock=1'] as const;

/** dnf 4: RHEL and its like from 8 to 10, Fedora to 40. */
export function dnf(parts: PackageParts): RpmFamily {
  const inScratch = ({ root, sources }: ScratchRoot, words: readonly string[], call: PackageCall): Promise<ProgramResult> => {
    // Excludes are for people: a plan names each version.
    const options = [`--installroot=${root}`, `--setopt=reposdir=${sources}`, '--setopt=skip_if_unavailable=0', '--setopt=retries=2', '--setopt=install_weak_deps=0', '--disableexcludes=all'];
    return parts.run(['dnf', ...QUIET, ...options, ...words], call);
  };
  const spec = ({ name, version }: PackageVersion): string => `${name}-${version}`;
  return {
    updateUnits: ['dnf-automatic.service', 'dnf-automatic-install.service', 'dnf-automatic-download.service', 'dnf-automatic-notifyonly.service', 'packagekit-offline-update.service'],
    repair: 'run dnf remove --duplicates',
    caches: ['/var/cache/dnf'],
    refuse: async (call) => {
      const { stdout } = await parts.run(['dnf', '--version'], call).catch(() => ({ stdout: '' }));
      const version = stdout.split('\n')[0]?.trim() ?? '';
      return version.startsWith('4.') ? null : stepFailure('package-system-unsupported', `this host has ${version === '' ? 'no dnf' : `dnf ${version}`}, and the agent works with dnf 4`, 'dnf');
    },
    refresh: (scratch, call) => inScratch(scratch, ['makecache'], call),
    versionsOf: async (scratch, name, call) => {
      const { stdout } = await inScratch(scratch, ['--quiet', 'repoquery', '--queryformat', '%{evr}', '--', name], call);
      return [...new Set(linesOf(stdout))].toReversed();
    },
    download: (scratch, install, into, call) => inScratch(scratch, ['install', '--allowerasing', '--downloadonly', `--destdir=${into}`, '--', ...install.map(spec)], call),
    downloadAgain: (scratch, one, into, call) => inScratch(scratch, ['reinstall', '--downloadonly', `--destdir=${into}`, '--', spec(one)], call),
    held: async (packages) => {
      const list = await readFile(await lockListPath(), 'utf8').catch(() => '');
      return new Set(packages.filter(({ name }) => isLocked(list, name)).map(({ name }) => name));
    },
    setHolds: async (packages) => {
      const path = await lockListPath();
      const before = await readFile(path, 'utf8').catch(() => '');
      const after = packages.reduce((list, one) => (one.hold ? lockAt(list, one) : unlock(list, one.name)), before);
      if (after !== before) await rewriteFile(path, after);
    },
    auto: async (names, call) => {
      if (names.length === 0) return new Set();
      const rows = linesOf(await mustRun(parts, [...OWN, 'repoquery', '--installed', '--queryformat', '%{name} %{reason}', '--', ...names], call)).map((line) => line.split(' '));
      return new Set(rows.filter(([, reason = '']) => AUTO_REASONS.includes(reason)).map(([name = '']) => name));
    },
    setAuto: (names, auto, call) => invoke(parts, [...OWN, 'mark', auto ? 'remove' : 'install', '--', ...names], call),
    // Its history knows that they are gone as soon as it looks at what is installed.
    forget: async () => undefined,
  };
}

/** Where the plugin's settings say; the plugin may not be there. */
async function lockListPath(): Promise<string> {
  const settings = await readFile(VERSIONLOCK, 'utf8').catch(() => '');
  return /^locklist\s*[=:]\s*(\/\S+)\s*$/m.exec(settings)?.[1] ?? '/etc/dnf/plugins/versionlock.list';
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
}
