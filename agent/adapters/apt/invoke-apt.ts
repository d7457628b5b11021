import type { PackagesSpec } from '../../../shared/domain/step-spec.ts';
import type { PackageCall } from '../../ports/package-system.ts';
import type { ProgramResult } from '../../ports/programs.ts';
import { invokeLocked } from '../packages/invoke-locked.ts';
import { lockHolder } from '../packages/lock-holder.ts';
import type { PackageParts } from '../packages/package-parts.ts';

const LOCKS = ['/var/lib/dpkg/lock-frontend', '/var/lib/dpkg/lock', '/var/cache/apt/archives/lock', '/var/lib/apt/lists/lock'];

/** Nobody sits here: no question may be asked, no pager shown, nothing restarted behind our back. */
const QUIET: Readonly<Record<string, string>> = {
  DEBIAN_FRONTEND: 'noninteractive',
  DEBCONF_NONINTERACTIVE_SEEN: 'true',
  APT_LISTCHANGES_FRONTEND: 'none',
  APT_LISTBUGS_FRONTEND: 'none',
  NEEDRESTART_MODE: 'l',
  NEEDRESTART_SUSPEND: '1',
};

/** Programs that touch packages are tried again while another one holds the lock. */
export async function invoke(
  parts: PackageParts,
  argv: readonly [string, ...string[]],
  call: PackageCall,
  more: { readonly cwd?: string; readonly conffiles?: PackagesSpec['conffiles'] } = {},
): Promise<ProgramResult> {
  const env = { ...QUIET, ...(more.conffiles === 'replace' ? { UCF_FORCE_CONFFNEW: '1' } : { UCF_FORCE_CONFFOLD: '1' }) };
  const options = { ...call, env, ...(more.cwd === undefined ? {} : { cwd: more.cwd }) };
  return invokeLocked(parts, () => parts.run(argv, options), { isLocked, holder: () => lockHolder(LOCKS) }, call.signal);
}

/** For programs that only read and cannot fail on a sound host. */
export async function mustRun(parts: PackageParts, argv: readonly [string, ...string[]], call: PackageCall): Promise<string> {
  const { code, stdout, stderr } = await invoke(parts, argv, { signal: call.signal, output: () => undefined });
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr.slice(-500)}`);
  return stdout;
}

/** Words of apt-pkg (apt 1.9 to 2.9) and of dpkg 1.19 to 1.22. */
function isLocked({ stderr }: ProgramResult): boolean {
  return /Could not get lock|Unable to acquire the dpkg frontend lock|Unable to lock (?:the administration directory|directory)|lock was locked by another process|is locked by another process/.test(stderr);
}

/** What every call of apt gets: a person's apt.conf may add to it, but loosen nothing. */
export const APT_OPTIONS: readonly string[] = [
  'APT::Get::Assume-Yes=true',
  'APT::Get::AllowUnauthenticated=false',
  'Acquire::AllowInsecureRepositories=false',
  'Acquire::AllowDowngradeToInsecureRepositories=false',
  'Acquire::AllowWeakRepositories=false',
  'APT::Install-Recommends=false',
  'APT::Install-Suggests=false',
  'APT::Color=0',
  'Dpkg::Use-Pty=0',
  'Dpkg::Progress-Fancy=0',
  // Caches would mix what the named sources say with what the host's own say.
  'Dir::Cache::pkgcache=',
  'Dir::Cache::srcpkgcache=',
].flatMap((option) => ['-o', option]);

/** Nothing but installed packages and files named by path: apt cannot reach for a network that it knows nothing of. */
export function withoutSources(listsFolder: string): readonly string[] {
  return ['Dir::Etc::sourcelist=/dev/null', 'Dir::Etc::sourceparts=/dev/null', `Dir::State::lists=${listsFolder}`].flatMap((option) => ['-o', option]);
}

/** `keep`: a file that a person changed stays, one that nobody changed follows the package. */
export function conffileFlags(conffiles: PackagesSpec['conffiles']): readonly string[] {
  return conffiles === 'replace' ? ['--force-confnew'] : ['--force-confdef', '--force-confold'];
}
