import { renameToml } from '../../toml/remove-toml.ts';
import { setToml } from '../../toml/set-toml.ts';
import { isTable, type TomlFile, valueAt } from '../../toml/toml-file.ts';
import { type ConfigRefusal, refuse } from './config-refusal.ts';

/** https://github.com/containerd/containerd/blob/release/1.7/docs/PLUGINS.md: short names of version 1, and what they became. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  'io.containerd.grpc.v1': ['cri'],
  'io.containerd.gc.v1': ['scheduler'],
  'io.containerd.internal.v1': ['opt', 'restart', 'tracing'],
  'io.containerd.metadata.v1': ['bolt'],
  'io.containerd.monitor.v1': ['cgroups'],
  'io.containerd.runtime.v1': ['linux'],
  'io.containerd.runtime.v2': ['task'],
  'io.containerd.service.v1': ['diff-service', 'tasks-service'],
  'io.containerd.snapshotter.v1': ['aufs', 'blockfile', 'btrfs', 'devmapper', 'native', 'overlayfs', 'zfs'],
};

export type Raised = { readonly ok: true; readonly file: TomlFile } | ConfigRefusal;

/**
 * From version 1 to 2. containerd 2 reads a file of version 1 and forgets without an error what it says of CRI; every
 * containerd since 1.3 reads version 2.
 */
export function raiseVersion(file: TomlFile): Raised {
  let raised: TomlFile | null = setToml(file, ['version'], 2);
  for (const list of ['disabled_plugins', 'required_plugins']) {
    const names = valueAt(file.tree, [list]);
    if (!Array.isArray(names) || raised === null) continue;
    const unknown = names.find((name) => longName(name) === null) as unknown;
    if (unknown !== undefined) return refuse('plugin-unknown', `it says no version and lists ${JSON.stringify(unknown)} under ${list}; write version = 2 and what the plugin is called there`);
    if (names.length > 0) raised = setToml(raised, [list], names.map((name) => longName(name) ?? ''));
  }
  const plugins = valueAt(file.tree, ['plugins']);
  for (const short of isTable(plugins) ? Object.keys(plugins) : []) {
    const long = longName(short);
    if (long === null) return refuse('plugin-unknown', `it says no version and sets plugins.${short}; write version = 2 and what the plugin is called there`);
    raised = raised === null ? null : renameToml(raised, ['plugins', short], long);
  }
  return raised === null ? refuse('not-editable', 'it cannot be brought from version 1 to version 2 without changing something else; do it by hand') : { ok: true, file: raised };
}

function longName(short: unknown): string | null {
  if (typeof short !== 'string') return null;
  const kind = Object.entries(KINDS).find(([, names]) => names.includes(short));
  return kind === undefined ? null : `${kind[0]}.${short}`;
}
