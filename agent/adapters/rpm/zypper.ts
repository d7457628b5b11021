import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { PackageVersion } from '../../../shared/domain/step-spec.ts';
import type { PackageCall, PackageName } from '../../ports/package-system.ts';
import type { ProgramResult } from '../../ports/programs.ts';
import { rewriteFile } from '../../steps/files/place-file.ts';
import { stepFailure } from '../../steps/step.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import type { RpmFamily, ScratchRoot } from './rpm-family.ts';
import { isLocked, lock, unlock } from './zypp-locks.ts';

const LOCKS = '/etc/zypp/locks';
/** A name a line, comments around them. */
const AUTO_INSTALLED = '/var/lib/zypp/AutoInstalled';
/** zypper(8), EXIT CODES: done, with something to tell. */
const DONE_AND = [100, 101, 102, 103];

/** zypper 1.14: SLE 15 and its like, openSUSE Leap and Tumbleweed. */
export function zypper(parts: PackageParts): RpmFamily {
  const inScratch = async ({ root, sources }: ScratchRoot, words: readonly string[], call: PackageCall, cache = `${root}/packages`): Promise<ProgramResult> => {
    const result = await parts.run(['zypper', '--root', root, '--reposd-dir', sources, '--pkg-cache-dir', cache, '--non-interactive', '--no-color', ...words], call);
    return DONE_AND.includes(result.code) ? { ...result, code: 0 } : result;
  };
  const spec = ({ name, version }: PackageVersion): string => `${name}=${version}`;
  const download = ['--no-refresh', 'install', '--download-only', '--no-recommends'];
  return {
    updateUnits: ['packagekit-background.service', 'packagekit-offline-update.service', 'os-update.service', 'transactional-update.service'],
    repair: 'see rpm --query --all and take the older one of each away with rpm --erase --justdb',
    caches: ['/var/cache/zypp/packages'],
    refuse: async (call) => {
      const { stdout } = await parts.run(['zypper', '--version'], call).catch(() => ({ stdout: '' }));
      return stdout.startsWith('zypper 1.') ? null : stepFailure('package-system-unsupported', `this host has ${stdout.trim() || 'no zypper'}, and the agent works with zypper 1`, 'zypper');
    },
    refresh: (scratch, call) => inScratch(scratch, ['refresh'], call),
    versionsOf: async (scratch, name, call) => {
      const { stdout } = await inScratch(scratch, ['--xmlout', '--no-refresh', 'search', '--details', '--match-exact', '--type', 'package', '--', name], call);
      // Of the host's own database it says `repository="(System Packages)"`.
      const found = [...stdout.matchAll(/<solvable [^>]*\bedition="([^"]+)"[^>]*\brepository="([^"]+)"/g)].filter(([, , repository = '']) => !repository.startsWith('('));
      return [...new Set(found.map(([, edition = '']) => edition))];
    },
    download: (scratch, install, into, call) => inScratch(scratch, [...download, '--oldpackage', '--force-resolution', '--', ...install.map(spec)], call, into),
    downloadAgain: (scratch, one, into, call) => inScratch(scratch, [...download, '--force', '--', spec(one)], call, into),
    held: async (packages) => {
      const locks = await readFile(LOCKS, 'utf8').catch(() => '');
      return new Set(packages.filter(({ name }) => isLocked(locks, name)).map(({ name }) => name));
    },
    setHolds: (packages) => change(LOCKS, (locks) => packages.reduce((text, { name, hold }) => (hold ? lock(text, name) : unlock(text, name)), locks)),
    auto: async (names) => {
      const noted = namesIn(await readFile(AUTO_INSTALLED, 'utf8').catch(() => ''));
      return new Set(names.filter((name) => noted.includes(name)));
    },
    setAuto: async (names, auto) => {
      await change(AUTO_INSTALLED, (text) => (auto ? withNames(text, names) : withoutNames(text, names)));
      return { code: 0, stdout: '', stderr: '' };
    },
    forget: (names) => change(AUTO_INSTALLED, (text) => withoutNames(text, names)),
  };
}

async function change(path: string, edit: (text: string) => string): Promise<void> {
  const before = await readFile(path, 'utf8').catch(() => '');
  const after = edit(before);
  if (after === before) return;
  await mkdir(dirname(path), { recursive: true });
  await rewriteFile(path, after);
}

function namesIn(text: string): readonly PackageName[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function withNames(text: string, names: readonly PackageName[]): string {
  const missing = names.filter((name) => !namesIn(text).includes(name));
  return missing.length === 0 ? text : `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${missing.join('\n')}\n`;
}

function withoutNames(text: string, names: readonly PackageName[]): string {
  return text.split('\n').filter((line) => !names.includes(line)).join('\n');
}
