import { isDeepStrictEqual } from 'node:util';

import type { ContainerdSettings } from '../../../shared/domain/steps/containerd-spec.ts';
import { parseToml, valueAt } from '../../toml/toml-file.ts';
import { configVersionOf } from './config-version.ts';
import { CRI_PLUGINS, placesIn } from './setting-places.ts';
import { wantedSettings } from './wanted-settings.ts';

/**
 * What containerd itself makes of a file, drop-ins and its own defaults, against the plan.
 *
 * @param dump what `containerd config dump` printed: always of the newest version that it knows
 * @returns what is not as the plan says, in words; empty where all is
 */
export function effectiveProblems(dump: string, settings: ContainerdSettings): readonly string[] {
  const parsed = parseToml(dump);
  if (!parsed.ok) return [`what containerd prints is no TOML near line ${parsed.line}: ${parsed.why}`];
  const { tree } = parsed.file;
  const version = configVersionOf(tree);
  if (version === null) return [`what containerd prints is of version ${JSON.stringify(tree['version'])}`];
  const places = placesIn(version);
  const off = tree['disabled_plugins'];
  const stillOff = settings.enableCri && Array.isArray(off) ? off.filter((name) => CRI_PLUGINS.includes(String(name))) : [];
  return [
    ...stillOff.map((name) => `${String(name)} is disabled`),
    ...settings.removeRuntimes.filter((name) => name !== 'runc' && valueAt(tree, [...places.runtimes, name]) !== undefined).map((name) => `the runtime ${name} is still there`),
    ...wantedSettings(settings, tree, places, true).flatMap(({ path, value }) => {
      const now = valueAt(tree, path);
      return isDeepStrictEqual(now, value) ? [] : [`${path.join('.')} is ${JSON.stringify(now) ?? 'not there'} instead of ${JSON.stringify(value)}`];
    }),
  ];
}
