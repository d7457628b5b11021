import { type Fragment, isRecord, readFragments, type SettingsError } from '../../shared/settings/read-fragments.ts';
import { ALLOW_ALL, type AllowList } from '../core/allow-list.ts';
import { type Inputs, mergeFragments } from './inputs.ts';
import { DEFAULT_SNAPSHOTS, type SnapshotSettings } from './snapshot-settings.ts';

/** Third stage: complete, typed, with defaults. Nothing past here looks at a file or a variable again. */
export interface AgentSettings {
  /** host:port of AgentLink; null: as the enrollment said. */
  readonly coordinator: string | null;
  /** host:port of Enrollment, for renewal; null: as the enrollment said. */
  readonly enrollment: string | null;
  readonly stateDir: string;
  readonly sourcesDir: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly allow: AllowList;
  readonly snapshots: SnapshotSettings;
}

const ADDRESS = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/;
const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

const ENVIRONMENT: Readonly<Record<string, string>> = {
  FARRIER_AGENT_STATE_DIR: 'stateDir',
  FARRIER_AGENT_COORDINATOR: 'coordinator',
  FARRIER_AGENT_LOG_LEVEL: 'logLevel',
};

export type LoadedSettings =
  | { readonly ok: true; readonly settings: AgentSettings }
  | { readonly ok: false; readonly errors: readonly SettingsError[] };

/** Reads /etc/farrier/agent.yaml and its drop-ins. All mistakes come back at once. */
export async function loadSettings(configDir: string, environment: NodeJS.ProcessEnv): Promise<LoadedSettings> {
  const read = await readFragments(configDir, 'agent');
  const merged = mergeFragments([...read.fragments, environmentFragment(environment)]);
  const compiled = compileSettings(merged.inputs);
  const { snapshots, errors: snapshotErrors } = await snapshotsOf(merged.inputs);
  const errors = [...read.errors, ...merged.errors, ...compiled.errors, ...snapshotErrors];
  return errors.length === 0 ? { ok: true, settings: { ...compiled.settings, snapshots } } : { ok: false, errors };
}

function environmentFragment(environment: NodeJS.ProcessEnv): Fragment {
  const values = Object.entries(ENVIRONMENT).flatMap(([variable, key]) => {
    const value = environment[variable];
    return value === undefined ? [] : [[key, value] as const];
  });
  return { source: 'environment', values: Object.fromEntries(values) };
}

/** What compiles them, cron among it, is loaded where there is something to compile. */
async function snapshotsOf(inputs: Inputs): Promise<{ readonly snapshots: SnapshotSettings; readonly errors: readonly SettingsError[] }> {
  const input = inputs.get('snapshots');
  if (input === undefined) return { snapshots: DEFAULT_SNAPSHOTS, errors: [] };
  const { compileSnapshots } = await import('./compile-snapshots.ts');
  const { snapshots, messages } = compileSnapshots(input.value);
  return { snapshots, errors: messages.map((message) => ({ source: input.source, message })) };
}

function compileSettings(inputs: Inputs): { readonly settings: Omit<AgentSettings, 'snapshots'>; readonly errors: readonly SettingsError[] } {
  const errors: SettingsError[] = [];
  const take = <T>(key: string, otherwise: T, demand: string, accept: (value: unknown) => T | undefined): T => {
    const input = inputs.get(key);
    if (input === undefined) return otherwise;
    const value = accept(input.value);
    if (value === undefined) errors.push({ source: input.source, message: `\`${key}\` must be ${demand}` });
    return value ?? otherwise;
  };
  const settings: Omit<AgentSettings, 'snapshots'> = {
    coordinator: take('coordinator', null, 'host:port', address),
    enrollment: take('enrollment', null, 'host:port', address),
    stateDir: take('stateDir', '/var/lib/farrier-agent', 'an absolute path', absolutePath),
    sourcesDir: take('sourcesDir', '/etc/farrier/sources.d', 'an absolute path', absolutePath),
    logLevel: take('logLevel', 'info', `one of ${LOG_LEVELS.join(', ')}`, (value) => LOG_LEVELS.find((level) => level === value)),
    allow: take('allow', ALLOW_ALL, ALLOW_DEMAND, allowance),
  };
  return { settings, errors };
}

const ALLOW_KEYS = Object.keys(ALLOW_ALL) as readonly (keyof AllowList)[];
const ALLOW_DEMAND = `an object of lists of patterns: ${ALLOW_KEYS.join(', ')} (each optional; absent allows everything)`;

function allowance(value: unknown): AllowList | undefined {
  if (!isRecord(value)) return undefined;
  if (Object.keys(value).some((key) => !Object.hasOwn(ALLOW_ALL, key))) return undefined;
  const written = ALLOW_KEYS.filter((key) => value[key] !== undefined);
  if (!written.every((key) => isPatterns(value[key]))) return undefined;
  return { ...ALLOW_ALL, ...Object.fromEntries(written.map((key) => [key, value[key]])) };
}

function isPatterns(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function address(value: unknown): string | undefined {
  return typeof value === 'string' && ADDRESS.test(value) ? value : undefined;
}

function absolutePath(value: unknown): string | undefined {
  return typeof value === 'string' && value.startsWith('/') ? value : undefined;
}
