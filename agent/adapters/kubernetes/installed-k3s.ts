import { readFile } from 'node:fs/promises';

import { hostFiles } from '../../facts/host-files.ts';
import { configuredDataDir } from '../../facts/k3s.ts';
import type { K3s, K3sUnit } from '../../ports/k3s.ts';
import type { RunProgram } from '../../ports/programs.ts';

const DEFAULT_DATA_DIR = '/var/lib/rancher/k3s';
const VERSION_MAX_MS = 30_000;

/** K3s as systemd and its own files show it. */
export function installedK3s(run: RunProgram): K3s {
  const show = async (unit: string, properties: string, signal: AbortSignal): Promise<string> => {
    const { code, stdout, stderr } = await run(['systemctl', 'show', `--property=${properties}`, '--', unit], { signal });
    if (code !== 0) throw new Error(`systemctl show ${unit}: ${stderr.trim()}`);
    return stdout;
  };
  return {
    unit: async (unit, signal) => {
      const started = parseStart(await show(unit, 'ExecStart,EnvironmentFiles', signal));
      if (started === null) return null;
      const environment = (await Promise.all(started.environmentFiles.map(readEnvironment))).flat();
      return { binary: started.binary, args: started.args, environment, dataDir: dataDirOf(started.args, environment) };
    },
    version: async (binary, signal) => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(VERSION_MAX_MS)]);
      const said = await run([binary, '--version'], { signal: limit }).catch(() => null);
      signal.throwIfAborted();
      return said?.code === 0 ? (/^k3s version (\S+)/m.exec(said.stdout)?.[1] ?? null) : null;
    },
  };
}

/** What `systemctl show` says of a unit's ExecStart; null where it runs nothing that is called k3s. */
export function parseStart(shown: string): (Pick<K3sUnit, 'binary' | 'args'> & { readonly environmentFiles: readonly string[] }) | null {
  const start = /^ExecStart=\{ path=(\/\S+) ; argv\[\]=(.*?) ; ignore_errors=/m.exec(shown);
  const [, binary = '', argv = ''] = start ?? [];
  if (!/(?:^|\/)k3s$/.test(binary)) return null;
  const environmentFiles = [...shown.matchAll(/^EnvironmentFiles=(\/\S+) \(ignore_errors=/gm)].map(([, path = '']) => path);
  return { binary, args: argv.split(' ').slice(1).filter((arg) => arg !== ''), environmentFiles };
}

async function readEnvironment(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').filter((line) => /^[A-Za-z_]\w*=/.test(line));
}

/** As K3s itself looks for it: argument, environment, configuration files. */
function dataDirOf(args: readonly string[], environment: readonly string[]): string {
  const index = args.findIndex((arg) => /^(?:--data-dir|-d)(?:=|$)/.test(arg));
  const arg = args[index] ?? '';
  const byArgument = arg.includes('=') ? arg.slice(arg.indexOf('=') + 1) : args[index + 1];
  const byEnvironment = environment.map((line) => /^K3S_DATA_DIR=["']?([^"']+)/.exec(line)?.[1]).findLast((value) => value !== undefined);
  const found = (index === -1 ? undefined : byArgument) ?? byEnvironment ?? configuredDataDir(hostFiles());
  return found?.startsWith('/') === true ? found : DEFAULT_DATA_DIR;
}
