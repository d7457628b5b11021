import { setTimeout as delay } from 'node:timers/promises';

import type { PackagesSpec } from '../../../shared/domain/step-spec.ts';
import type { PackageCall } from '../../ports/package-system.ts';
import type { ProgramResult, RunProgram } from '../../ports/programs.ts';
import { lockHolder } from './lock-holder.ts';

export interface AptParts {
  readonly run: RunProgram;
  /** Named package sources: `<name>.list` or `<name>.sources`, as an admin wrote them. */
  readonly sourcesDir: string;
  /** For what apt fetches, readable by its unprivileged user; 0755. */
  readonly cacheDir: string;
  /** So long another user of the package system is waited for. */
  readonly lockWaitMs: number;
}

const LOCK_RETRY_MS = 1_000;

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
  parts: AptParts,
  argv: readonly [string, ...string[]],
  call: PackageCall,
  more: { readonly cwd?: string; readonly conffiles?: PackagesSpec['conffiles'] } = {},
): Promise<ProgramResult> {
  const env = { ...QUIET, ...(more.conffiles === 'replace' ? { UCF_FORCE_CONFFNEW: '1' } : { UCF_FORCE_CONFFOLD: '1' }) };
  const options = { ...call, env, ...(more.cwd === undefined ? {} : { cwd: more.cwd }) };
  const startedMs = performance.now();
  for (;;) {
    const result = await parts.run(argv, options);
    if (result.code === 0 || !isLocked(result)) return result;
    if (performance.now() - startedMs > parts.lockWaitMs) return { ...result, stderr: `${result.stderr}\n${LOCK_MARK}${await lockHolder()}` };
    await delay(LOCK_RETRY_MS, undefined, { signal: call.signal });
  }
}

/** For programs that only read and cannot fail on a sound host. */
export async function mustRun(parts: AptParts, argv: readonly [string, ...string[]], call: PackageCall): Promise<string> {
  const { code, stdout, stderr } = await invoke(parts, argv, { signal: call.signal, output: () => undefined });
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr.slice(-500)}`);
  return stdout;
}

export const LOCK_MARK = 'farrier: the package system is locked by ';

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
