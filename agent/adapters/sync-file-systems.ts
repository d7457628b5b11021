import { runProgram } from './run-program.ts';

/** Where packages, their scripts and systemctl write. Those on one file system cost one sync. */
const PLACES = ['/', '/boot', '/etc', '/usr', '/var', '/opt'];

/** syncfs(2) through sync(1), which Node lacks. */
export async function syncFileSystems(signal: AbortSignal): Promise<void> {
  const { code, stderr } = await runProgram(['sync', '--file-system', ...PLACES], { signal });
  // A host may lack /boot or /opt; what is there was synced all the same.
  const lines = stderr.split('\n').filter((line) => line !== '' && !/No such file or directory/.test(line));
  if (code !== 0 && lines.length > 0) throw new Error(`sync: ${lines.join('; ')}`);
}
