import { isDeepStrictEqual } from 'node:util';

import { parseToml, valueAt } from '../../toml/toml-file.ts';
import { type ConfigRefusal, refuse } from './config-refusal.ts';
import { type ConfigVersion, configVersionOf } from './config-version.ts';
import type { WantedSetting } from './wanted-settings.ts';

/** A file that the configuration imports. */
export interface DropIn {
  readonly path: string;
  readonly text: string;
}

/**
 * What a drop-in does to the settings of a plan. 1.6 and 1.7 take the whole table of a plugin from the drop-in, 2.x merges
 * key by key; neither brings a drop-in to the version of the file that imports it.
 */
export function refuseDropIn({ path, text }: DropIn, version: ConfigVersion, wanted: readonly WantedSetting[], mergesPlugins: boolean): ConfigRefusal | null {
  const parsed = parseToml(text);
  if (!parsed.ok) return refuse('drop-in-broken', `it imports ${path}, which is no TOML near line ${parsed.line}: ${parsed.why}`);
  const { tree } = parsed.file;
  const own = configVersionOf(tree);
  if (own !== version) return refuse('drop-in-version', `it is of version ${version} and imports ${path}, which is of version ${own ?? 'none that there is'}; write version = ${version} there, with the names of that version`);
  for (const { path: at, value } of wanted) {
    const plugin = at.slice(0, 2);
    if (!mergesPlugins && at[0] === 'plugins' && valueAt(tree, plugin) !== undefined) return refuse('drop-in-replaces', `it imports ${path}, whose ${plugin[1]} takes the place of the whole table in containerd before 2.0; move what stands there into one file`);
    const over = valueAt(tree, at);
    if (over !== undefined && !isDeepStrictEqual(over, value)) return refuse('drop-in-overrides', `it imports ${path}, which sets ${at.join('.')} to ${JSON.stringify(over)} again; take it out there`);
  }
  return null;
}
