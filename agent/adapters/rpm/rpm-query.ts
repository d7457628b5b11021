import type { PackageCall, PackageName } from '../../ports/package-system.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { mustRun } from './invoke-rpm.ts';

export interface InstalledRpm {
  readonly name: PackageName;
  /** `[epoch:]version-release`; an epoch of 0 is none. */
  readonly version: string;
}

/** Name, architecture and version of rpm(8)'s query formats, a line each. */
export const ROW = '%{NAME}\\t%{ARCH}\\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n';

/** Keys that rpm keeps as if they were packages. */
const KEYS = 'gpg-pubkey';
/** What may be there in several versions at once: dnf.conf(5) installonlypkgs, zypp.conf multiversion. */
const SEVERAL = ['installonlypkg(kernel)', 'installonlypkg(kernel-module)', 'installonlypkg(vm)', 'multiversion(kernel)', 'kernel', 'kernel-default'];

/** @param database the host's own where not given. */
export async function installedRpms(parts: PackageParts, call: PackageCall, database?: string): Promise<readonly InstalledRpm[]> {
  const where = database === undefined ? [] : ['--dbpath', database];
  return rowsOf(await mustRun(parts, ['rpm', ...where, '--query', '--all', '--queryformat', ROW], call), await ownArchitecture(parts, call)).filter(({ name }) => name !== KEYS);
}

export function rowsOf(text: string, own: string): readonly InstalledRpm[] {
  return text.split('\n').flatMap((line) => {
    const [name = '', architecture = '', version = ''] = line.split('\t');
    if (version === '') return [];
    return [{ name: architecture === own || architecture === 'noarch' ? name : `${name}:${architecture}`, version: version.replace(/^0:/, '') }];
  });
}

/** Of the host itself, as rpm names it. */
export async function ownArchitecture(parts: PackageParts, call: PackageCall): Promise<string> {
  return (await mustRun(parts, ['rpm', '--eval', '%{_arch}'], call)).trim();
}

/** Installed in several versions where only one may be: a transaction was cut off between installing and erasing. */
export async function twiceInstalled(parts: PackageParts, call: PackageCall): Promise<ReadonlySet<PackageName>> {
  const seen = new Set<PackageName>();
  const twice = new Set<PackageName>();
  for (const { name } of await installedRpms(parts, call)) (seen.has(name) ? twice : seen).add(name);
  if (twice.size === 0) return twice;
  // Ends with the number of those that nothing provides.
  const { stdout } = await parts.run(['rpm', '--query', '--whatprovides', '--queryformat', ROW, ...SEVERAL], { signal: call.signal });
  for (const { name } of rowsOf(stdout, await ownArchitecture(parts, call))) twice.delete(name);
  return twice;
}

/** Those of these package files that are installed beside their other versions, never in place of them. */
export async function severalAtOnce(parts: PackageParts, paths: readonly string[], call: PackageCall): Promise<readonly PackageName[]> {
  if (paths.length === 0) return [];
  const text = await mustRun(parts, ['rpm', '--query', '--package', '--nosignature', '--queryformat', '[%{=NAME}\\t%{PROVIDENAME}\\n]', '--', ...paths], call);
  const found = text.split('\n').map((line) => line.split('\t')).filter(([, provides = '']) => SEVERAL.includes(provides));
  return [...new Set(found.map(([name = '']) => name))];
}
