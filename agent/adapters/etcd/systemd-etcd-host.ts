import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

import type { EtcdHost, EtcdSetting, EtcdUnit } from '../../ports/etcd-host.ts';
import type { RunProgram } from '../../ports/programs.ts';

const VERSION_MAX_MS = 30_000;

export function systemdEtcdHost(run: RunProgram): EtcdHost {
  return {
    unit: (unit, signal) => readEtcdUnit(run, unit, signal),
    version: async (binary, flags, signal) => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(VERSION_MAX_MS)]);
      const said = await run([binary, ...flags, '--version'], { signal: limit }).catch((error: unknown) => ({ code: 1, stdout: '', stderr: String(error) }));
      signal.throwIfAborted();
      const version = said.code === 0 ? (/^etcd Version: (\S+)$/m.exec(said.stdout)?.[1] ?? null) : null;
      // What follows the first line is how etcd is used.
      return { version, said: `${said.stderr}${said.stdout}`.trim().split('\n', 1)[0] ?? '' };
    },
  };
}

/** What is set, as etcd itself takes it: a configuration file alone where one is given, else flags, and what the environment says beside them. */
async function readEtcdUnit(run: RunProgram, unit: string, signal: AbortSignal): Promise<EtcdUnit | null> {
  const { code, stdout } = await run(['systemctl', 'show', '--property=LoadState,ExecStart,Environment,EnvironmentFiles', '--', unit], { signal });
  const start = /^ExecStart=\{ path=(\/\S+) ; argv\[\]=(.*?) ; ignore_errors=/m.exec(stdout);
  const [, binary = '', argv = ''] = start ?? [];
  if (code !== 0 || binary === '' || !/^LoadState=loaded$/m.test(stdout)) return null;
  const environment = await environmentOf(stdout, unit);
  const flags = words(argv, environment).slice(1);
  const given = new Map([...settingsInEnvironment(environment), ...flagsOf(flags, `ExecStart of ${unit}`)]);
  const file = given.get('config-file')?.value;
  return { binary, flags, settings: file === undefined ? given : new Map([...(await settingsInFile(file)), ['config-file', { value: file, from: `ExecStart of ${unit}` }]]) };
}

type Environment = ReadonlyMap<string, EtcdSetting>;

/** Later ones win: those of the unit, then its files in order (systemd.exec(5)). */
async function environmentOf(shown: string, unit: string): Promise<Environment> {
  const found = new Map<string, EtcdSetting>();
  const note = (assignment: string, from: string): void => {
    const [, name = '', value = ''] = /^([A-Za-z_]\w*)=(.*)$/s.exec(assignment) ?? [];
    if (name !== '') found.set(name, { value: value.replace(/^(["'])(.*)\1$/s, '$2'), from });
  };
  const own = /^Environment=(.*)$/m.exec(shown)?.[1] ?? '';
  for (const [word] of own.matchAll(/"[^"]*"|\S+/g)) note(word.replace(/^"(.*)"$/s, '$1'), `Environment of ${unit}`);
  for (const [, path = ''] of shown.matchAll(/^EnvironmentFiles=(\/\S+) \(ignore_errors=/gm)) {
    const text = await readFile(path, 'utf8').catch(() => '');
    for (const line of text.split('\n')) if (!/^\s*[#;]/.test(line)) note(line.trim(), path);
  }
  return found;
}

/** systemd.service(5): `$NAME` as a word of its own is cut into words, `${NAME}` is not. */
function words(argv: string, environment: Environment): readonly string[] {
  const valueOf = (name: string): string => environment.get(name)?.value ?? '';
  return argv
    .split(' ')
    .flatMap((word) => {
      const alone = /^\$([A-Za-z_]\w*)$/.exec(word)?.[1];
      return alone === undefined ? [word.replace(/\$\{([A-Za-z_]\w*)\}/g, (_, name: string) => valueOf(name))] : valueOf(alone).split(/\s+/);
    })
    .filter((word) => word !== '');
}

/** `--flag=value`, `--flag value`, and `--flag` alone, with one dash or two, as Go takes them. */
function flagsOf(args: readonly string[], from: string): ReadonlyMap<string, EtcdSetting> {
  const found = new Map<string, EtcdSetting>();
  for (const [index, arg] of args.entries()) {
    const [, name = '', value] = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(arg) ?? [];
    const next = args[index + 1];
    if (name !== '') found.set(name, { value: value ?? (next === undefined || next.startsWith('-') ? 'true' : next), from });
  }
  return found;
}

/** `ETCD_DATA_DIR` stands for `--data-dir`. */
function settingsInEnvironment(environment: Environment): ReadonlyMap<string, EtcdSetting> {
  return new Map([...environment].flatMap(([name, setting]) => (name.startsWith('ETCD_') ? [[name.slice('ETCD_'.length).toLowerCase().replaceAll('_', '-'), setting] as const] : [])));
}

/** Keys are flags; those of the two sections about TLS have no prefix there. */
async function settingsInFile(path: string): Promise<ReadonlyMap<string, EtcdSetting>> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const found = new Map<string, EtcdSetting>();
  const note = (keys: unknown, prefix: string): void => {
    for (const [key, value] of Object.entries((keys ?? {}) as Readonly<Record<string, unknown>>)) {
      if (key === 'client-transport-security') note(value, '');
      else if (key === 'peer-transport-security') note(value, 'peer-');
      else if (['string', 'number', 'boolean'].includes(typeof value)) found.set(prefix + key, { value: String(value), from: path });
    }
  };
  try {
    note(parse(text), '');
  } catch {
    // etcd would not start with it either.
  }
  return found;
}
