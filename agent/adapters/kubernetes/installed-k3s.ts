import { readFile } from 'node:fs/promises';

import { hostFiles } from '../../facts/host-files.ts';
import { k3sSetting } from '../../facts/k3s.ts';
import type { K3s, K3sUnit } from '../../ports/k3s.ts';
import type { RunProgram } from '../../ports/programs.ts';

const DEFAULT_DATA_DIR = '/var/lib/rancher/k3s';
const DEFAULT_REGISTRIES = '/etc/rancher/k3s/registries.yaml';
/** Flags that make K3s start no containerd of its own. */
const OTHER_RUNTIME = ['docker', 'container-runtime-endpoint'];
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
      return { binary: started.binary, args: started.args, environment, ...settingsOf(started.args, environment) };
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

/** As K3s itself looks for them: argument, environment, configuration files. */
function settingsOf(args: readonly string[], environment: readonly string[]): Pick<K3sUnit, 'dataDir' | 'registries' | 'hasOtherRuntime'> {
  const files = hostFiles();
  const byEnvironment = environment.map((line) => /^K3S_DATA_DIR=["']?([^"']+)/.exec(line)?.[1]).findLast((value) => value !== undefined);
  const dataDir = argumentOf(args, ['--data-dir', '-d']) ?? byEnvironment ?? k3sSetting(files, 'data-dir');
  const registries = argumentOf(args, ['--private-registry']) ?? k3sSetting(files, 'private-registry');
  return {
    dataDir: dataDir?.startsWith('/') === true ? dataDir : DEFAULT_DATA_DIR,
    registries: registries?.startsWith('/') === true ? registries : DEFAULT_REGISTRIES,
    hasOtherRuntime: OTHER_RUNTIME.some((flag) => isGiven(args, `--${flag}`) || ![null, 'false'].includes(k3sSetting(files, flag))),
  };
}

function isGiven(args: readonly string[], flag: string): boolean {
  return args.some((arg) => arg === flag || (arg.startsWith(`${flag}=`) && arg !== `${flag}=false`));
}

/** `--flag value` or `--flag=value`; undefined where it is not given. */
function argumentOf(args: readonly string[], flags: readonly string[]): string | undefined {
  const index = args.findIndex((arg) => flags.includes(arg.split('=', 1)[0] ?? ''));
  const arg = args[index] ?? '';
  if (arg.includes('=')) return arg.slice(arg.indexOf('=') + 1);
  return index === -1 ? undefined : args[index + 1];
}
