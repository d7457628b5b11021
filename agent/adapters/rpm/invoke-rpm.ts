import { join } from 'node:path';

import type { PackageCall } from '../../ports/package-system.ts';
import { type ProgramResult, STDOUT_MAX } from '../../ports/programs.ts';
import { invokeLocked } from '../packages/invoke-locked.ts';
import { lockHolder } from '../packages/lock-holder.ts';
import type { PackageParts } from '../packages/package-parts.ts';

/** rpm locks its database, but a dnf or a zypper that has chosen and not yet begun must not find another host either. */
const NAMED_LOCKS = ['/var/lib/dnf/rpmdb_lock.pid', '/run/zypp.pid'];
const HELD: ProgramResult = { code: 1, stdout: '', stderr: 'farrier: not begun, a lock is held' };

/** For programs that change packages, holds or marks of the host: waits while another one does. */
export async function invoke(parts: PackageParts, argv: readonly [string, ...string[]], call: PackageCall): Promise<ProgramResult> {
  const locks = [join(await databaseOf(parts, call), '.rpm.lock')];
  const holder = () => lockHolder(locks, NAMED_LOCKS);
  const run = async (): Promise<ProgramResult> => ((await holder()) === null ? parts.run(argv, call) : HELD);
  return invokeLocked(parts, run, { isLocked, holder }, call.signal);
}

/** For programs that only read and cannot fail on a sound host. @throws also where they say more than is kept of it. */
export async function mustRun(parts: PackageParts, argv: readonly [string, ...string[]], { signal }: PackageCall): Promise<string> {
  const { code, stdout, stderr } = await parts.run(argv, { signal });
  if (code !== 0) throw new Error(`${argv.join(' ').slice(0, 200)} ended with ${code}: ${stderr.slice(-500)}`);
  if (stdout.length >= STDOUT_MAX) throw new Error(`${argv.join(' ').slice(0, 200)} says more than ${STDOUT_MAX} characters`);
  return stdout;
}

/** Where rpm keeps its database, absolute: distributions differ. */
export async function databaseOf(parts: PackageParts, call: PackageCall): Promise<string> {
  return (await mustRun(parts, ['rpm', '--eval', '%{_dbpath}'], call)).trim();
}

/** Words of rpm 4.14 to 4.20, dnf 4 and zypper 1.14. */
function isLocked({ stdout, stderr }: ProgramResult): boolean {
  return stderr === HELD.stderr || /can't create transaction lock|Failed to obtain (?:the )?\S* ?lock|System management is locked/.test(stdout + stderr);
}
