import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machineCodename, machineDebianSources, oneLineSources } from './apt-sources.ts';
import { cacheFolder } from './cache-folder.ts';
import { withCacheLock } from './cache-lock.ts';
import { mustRun } from './run-program.ts';

const downloadMaxMs = 5 * 60_000;
/** The newest packages of a suite are wanted, but not at the price of asking the archive in every run. */
const cacheVersion = 1;

/**
 * Paths of real packages of one Debian suite (`bookworm`, `trixie`), downloaded once from the archive that this machine
 * uses. apt runs with a state of its own: the machine's lists, packages and holds stay as they are.
 */
export async function downloadDebianPackages(suite: string, packages: readonly string[]): Promise<readonly string[]> {
  const folder = cacheFolder('debs', `${suite}-${cacheVersion}`);
  const found = packages.map((name) => newestOf(folder, name));
  if (found.every((path) => path !== null)) return found;
  await withCacheLock(join(folder, 'lock'), async () => {
    const absent = packages.filter((name) => newestOf(folder, name) === null);
    if (absent.length > 0) await download(folder, suite, absent);
  });
  return packages.map((name) => newestOf(folder, name) ?? fail(`${name} of ${suite} was not downloaded`));
}

async function download(folder: string, suite: string, packages: readonly string[]): Promise<void> {
  const state = join(folder, 'apt');
  const incoming = join(folder, 'incoming');
  rmSync(state, { recursive: true, force: true });
  rmSync(incoming, { recursive: true, force: true });
  for (const path of ['lists/partial', 'cache/archives/partial', 'etc/preferences.d', 'etc/apt.conf.d']) mkdirSync(join(state, path), { recursive: true });
  mkdirSync(incoming);
  const codename = machineCodename();
  writeFileSync(join(state, 'sources.list'), `${oneLineSources(machineDebianSources(), codename, suite).join('\n')}\n`);
  writeFileSync(join(state, 'status'), '');
  const options = [
    `Dir::Etc::SourceList=${state}/sources.list`, 'Dir::Etc::SourceParts=-', `Dir::Etc::PreferencesParts=${state}/etc/preferences.d`, 'Dir::Etc::Preferences=-',
    `Dir::State::Lists=${state}/lists`, `Dir::State::Status=${state}/status`, `Dir::Cache=${state}/cache`,
    'Acquire::Languages=none', 'Acquire::Retries=3', 'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  await mustRun(['apt-get', ...options, 'update'], { timeoutMs: downloadMaxMs });
  await mustRun(['apt-get', ...options, 'download', ...packages], { timeoutMs: downloadMaxMs, cwd: incoming });
  for (const name of readdirSync(incoming)) renameSync(join(incoming, name), join(folder, name));
  for (const path of [state, incoming]) rmSync(path, { recursive: true, force: true });
}

function newestOf(folder: string, packageName: string): string | null {
  const name = readdirSync(folder).filter((file) => file.startsWith(`${packageName}_`) && file.endsWith('.deb')).sort().at(-1);
  return name === undefined || !existsSync(join(folder, name)) ? null : join(folder, name);
}

function fail(message: string): never {
  throw new Error(message);
}
