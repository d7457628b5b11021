import { isDeepStrictEqual } from 'node:util';

import type { ContainerdSettings } from '../../../shared/domain/steps/containerd-spec.ts';
import { parseToml, type TomlTree, valueAt } from '../../toml/toml-file.ts';
import { configVersionOf } from './config-version.ts';
import { refuseResult } from './refuse-config.ts';
import { isCriOff, placesIn, type SettingPlaces } from './setting-places.ts';
import { wantedSettings } from './wanted-settings.ts';

/**
 * What containerd itself makes of a file, drop-ins and its own defaults, against the plan and against what CRI does not start with.
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
  // The file by itself was looked at before; merged with what it imports it may be another.
  const refused = refuseResult(tree, places, settings, false);
  return [
    ...(refused === null ? [] : [`${refused.code}: ${refused.message}`]),
    ...(settings.enableCri && isCriOff(tree) ? ['CRI is still off'] : []),
    ...(isCriOff(tree) ? [] : defaultProblem(tree, places)),
    ...settings.removeRuntimes.filter((name) => name !== 'runc' && valueAt(tree, [...places.runtimes, name]) !== undefined).map((name) => `the runtime ${name} is still there`),
    ...wantedSettings(settings, tree, places, false).flatMap(({ path, value }) => {
      const now = valueAt(tree, path);
      return isDeepStrictEqual(now, value) ? [] : [`${path.join('.')} is ${JSON.stringify(now) ?? 'not there'} instead of ${JSON.stringify(value)}`];
    }),
  ];
}

/** CRI does not start without it. */
function defaultProblem(tree: TomlTree, { defaultRuntime, runtimes }: SettingPlaces): readonly string[] {
  const name = valueAt(tree, defaultRuntime);
  const type = valueAt(tree, [...runtimes, String(name), 'runtime_type']);
  return typeof type === 'string' && type !== '' ? [] : [`there is no runtime ${String(name)}, which is the default`];
}
