import { isRuncType, RUNC_TYPE } from '../../../shared/domain/steps/containerd-spec.ts';
import { isTable, type TomlTree, valueAt } from '../../toml/toml-file.ts';
import type { SettingPlaces } from './setting-places.ts';

/** A runtime as containerd has it. */
export interface RuntimeEntry {
  readonly name: string;
  readonly type: string;
  readonly systemdCgroup: boolean;
  /** Program that one of runc's kind runs; '' where containerd looks for runc. */
  readonly binary: string;
}

const BUILT_IN: RuntimeEntry = { name: 'runc', type: RUNC_TYPE, systemdCgroup: false, binary: '' };

/**
 * The runtimes that containerd has with this file. In 1.x a table of them, even an empty one, takes the place of all that is
 * built in; in 2.x runc stays.
 */
export function runtimesOf(tree: TomlTree, places: SettingPlaces, keepsRunc: boolean): readonly RuntimeEntry[] {
  const table = valueAt(tree, places.runtimes);
  const named = isTable(table) ? Object.entries(table).map(([name, value]) => entryOf(name, isTable(value) ? value : {})) : [];
  const stays = table === undefined || (keepsRunc && named.every(({ name }) => name !== BUILT_IN.name));
  return stays ? [BUILT_IN, ...named] : named;
}

/** One that is called runc and says no type was meant to have this one. */
function entryOf(name: string, table: TomlTree): RuntimeEntry {
  const type = table['runtime_type'];
  const fallback = name === BUILT_IN.name ? BUILT_IN.type : '';
  const binary = valueAt(table, ['options', 'BinaryName']);
  return { name, type: typeof type === 'string' && type !== '' ? type : fallback, systemdCgroup: valueAt(table, ['options', 'SystemdCgroup']) === true, binary: typeof binary === 'string' ? binary : '' };
}

/** What all of runc's kind have; null where they differ, or there is none. */
export function agreedCgroup(runtimes: readonly RuntimeEntry[]): boolean | null {
  const said = new Set(runtimes.filter(({ type }) => isRuncType(type)).map(({ systemdCgroup }) => systemdCgroup));
  const [first = null] = said;
  return said.size === 1 ? first : null;
}

/** @param runtime its table */
export function hasType(runtime: unknown): boolean {
  return isTable(runtime) && typeof runtime['runtime_type'] === 'string' && runtime['runtime_type'] !== '';
}
