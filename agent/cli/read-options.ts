import { parseArgs, type ParseArgsConfig } from 'node:util';

import { isDiskFull } from '../core/disk-full.ts';
import { type AgentSettings, loadSettings } from '../settings/settings.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

const COMMON_OPTIONS = {
  'config-dir': { type: 'string' },
  'state-dir': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies Options;

export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** Ends a verb early with its exit code: help was asked for, or the words were wrong. */
export class EndVerb extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Reads a verb's options; no verb takes other words. Prints help or what is wrong, and then throws EndVerb. */
export function readOptions(args: readonly string[], options: Options, help: string): { readonly values: Values } {
  try {
    const { values } = parseArgs({ args: [...args], options: { ...COMMON_OPTIONS, ...options }, allowPositionals: false, strict: true });
    if (values['help'] !== true) return { values };
  } catch (error) {
    throw misused(error instanceof Error ? error.message : String(error), help);
  }
  process.stdout.write(`${help}\n`);
  throw new EndVerb(0);
}

/** Says what is wrong with a verb's words, and shows how it is written. @returns what to throw. */
export function misused(message: string, help: string): EndVerb {
  process.stderr.write(`farrier-agent: ${message}\n\n${help}\n`);
  return new EndVerb(2);
}

export function configDirOf(values: Values): string {
  return String(values['config-dir'] ?? '/etc/farrier');
}

/** @throws EndVerb after printing every mistake in the settings. */
export async function settingsOf(values: Values): Promise<AgentSettings> {
  const loaded = await loadSettings(configDirOf(values), process.env);
  if (!loaded.ok) {
    for (const { source, message } of loaded.errors) process.stderr.write(`farrier-agent: ${source}: ${message}\n`);
    throw new EndVerb(2);
  }
  const stateDir = values['state-dir'];
  return typeof stateDir === 'string' ? { ...loaded.settings, stateDir } : loaded.settings;
}

/** Runs a verb's body; an EndVerb is its exit code. What a full disk stops, is said as a person can use it. */
export async function asVerb(body: () => Promise<number>): Promise<number> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof EndVerb) return error.exitCode;
    if (isDiskFull(error)) return complain(`no room left on this host's disk (${error.message}); free space and run it again`);
    throw error;
  }
}

export function complain(message: string): number {
  process.stderr.write(`farrier-agent: ${message}\n`);
  return 1;
}
