import type { Accounts } from '../ports/accounts.ts';
import type { RunProgram } from '../ports/programs.ts';

/** getent(1): `name:x:ID:...`, exit code 2 where there is none. It asks what the host asks (nsswitch.conf). */
export function getentAccounts(run: RunProgram): Accounts {
  const idOf = async (database: 'passwd' | 'group', name: string, signal: AbortSignal): Promise<number | null> => {
    const { code, stdout, stderr } = await run(['getent', database, name], { signal });
    if (code === 2) return null;
    const id = Number(stdout.split(':')[2]);
    if (code !== 0 || !Number.isSafeInteger(id)) throw new Error(`getent ${database} ${name} ended with ${code}: ${stderr.trim()}`);
    return id;
  };
  return { userId: (name, signal) => idOf('passwd', name, signal), groupId: (name, signal) => idOf('group', name, signal) };
}
