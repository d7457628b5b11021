import { type ContainerdRuntime, type ContainerdSettings, isRuncType, RUNC_TYPE } from '../../../shared/domain/steps/containerd-spec.ts';
import { isTable, startsWith, type TomlTree, valueAt } from '../../toml/toml-file.ts';
import type { TomlSetting } from '../../toml/toml-style.ts';
import { agreedCgroup, hasType, runtimesOf } from './runtime-table.ts';
import { isCriOff, type SettingPlaces } from './setting-places.ts';

export interface WantedSetting {
  readonly path: readonly string[];
  readonly value: TomlSetting;
}

/** What has to stand in a file so that containerd does what the plan says. Order is that in which it is added. */
export function wantedSettings(settings: ContainerdSettings, tree: TomlTree, places: SettingPlaces, keepsRunc: boolean): readonly WantedSetting[] {
  const { sandboxImage, snapshotter, registry, cdi, defaultRuntime } = settings;
  const wanted: readonly (readonly [readonly string[], TomlSetting | null])[] = [
    [places.sandboxImage, sandboxImage],
    [places.enableCdi, cdi?.enabled ?? null],
    [places.cdiSpecDirs, cdi === null || cdi.specDirs.length === 0 ? null : cdi.specDirs],
    [places.snapshotter, snapshotter],
    [places.defaultRuntime, defaultRuntime],
    [[...places.registry, 'config_path'], registry === null ? null : registry.configPath],
  ];
  return [
    ...wanted.flatMap(([path, value]) => (value === null ? [] : [{ path, value }])),
    ...thoseThere(settings, tree, places, keepsRunc),
    ...settings.runtimes.flatMap((runtime) => ofRuntime(runtime, settings, tree, places, keepsRunc)),
  ];
}

/** Whatever stands in a file: what is to be as it is already would be without effect, too, where CRI is off. */
export function asksOfCri({ sandboxImage, snapshotter, registry, cdi, defaultRuntime, systemdCgroup, runtimes }: ContainerdSettings): boolean {
  return runtimes.length > 0 || [sandboxImage, snapshotter, registry, cdi, defaultRuntime, systemdCgroup].some((asked) => asked !== null);
}

/**
 * containerd 2 moves what a file of version 2 says of images only where that file names a runtime; else 2.0 forgets the
 * sandbox image and the registry, and 2.1 the snapshotter. https://github.com/containerd/containerd/blob/v2.0.0/plugins/cri/images/plugin.go
 */
export function runcForMoving(tree: TomlTree, { runtime, runtimes }: SettingPlaces, asked: readonly WantedSetting[]): readonly WantedSetting[] {
  const named = valueAt(tree, runtimes);
  const isNamed = (isTable(named) && Object.keys(named).length > 0) || asked.some(({ path }) => startsWith(path, runtimes));
  const saysNothing = asked.length === 0 && !isTable(valueAt(tree, runtime));
  return isNamed || saysNothing || isCriOff(tree) ? [] : [{ path: [...runtimes, 'runc', 'runtime_type'], value: RUNC_TYPE }];
}

/** Runtimes that the plan does not name itself. */
function thoseThere({ runtimes, removeRuntimes, systemdCgroup }: ContainerdSettings, tree: TomlTree, places: SettingPlaces, keepsRunc: boolean): readonly WantedSetting[] {
  if (runtimes.length === 0 && systemdCgroup === null) return [];
  const others = runtimesOf(tree, places, keepsRunc).filter(({ name }) => !removeRuntimes.includes(name) && runtimes.every((one) => one.name !== name));
  return others.filter(({ type }) => isRuncType(type)).flatMap(({ name }): readonly WantedSetting[] => {
    const path = [...places.runtimes, name];
    const driver = systemdCgroup === null ? [] : cgroup(tree, path, systemdCgroup);
    // In 1.x runc has to be named as soon as anything else of runtimes is, and with its type.
    const isNamed = keepsRunc || hasType(valueAt(tree, path)) || runtimes.length + driver.length === 0;
    return [...(isNamed ? [] : [{ path: [...path, 'runtime_type'], value: RUNC_TYPE }]), ...driver];
  });
}

function ofRuntime(runtime: ContainerdRuntime, { systemdCgroup }: ContainerdSettings, tree: TomlTree, places: SettingPlaces, keepsRunc: boolean): readonly WantedSetting[] {
  const path = [...places.runtimes, runtime.name];
  const driver = runtime.systemdCgroup ?? systemdCgroup ?? agreedCgroup(runtimesOf(tree, places, keepsRunc));
  return [
    { path: [...path, 'runtime_type'], value: runtime.type },
    ...(runtime.podAnnotations.length === 0 ? [] : [{ path: [...path, 'pod_annotations'], value: runtime.podAnnotations }]),
    ...(runtime.binary === null ? [] : [{ path: [...path, 'options', 'BinaryName'], value: runtime.binary }]),
    ...(driver === null || !isRuncType(runtime.type) ? [] : cgroup(tree, path, driver)),
    ...runtime.options.map(({ name, value }) => ({ path: [...path, 'options', name], value })),
  ];
}

/** What is not written is false already. */
function cgroup(tree: TomlTree, runtime: readonly string[], value: boolean): readonly WantedSetting[] {
  const path = [...runtime, 'options', 'SystemdCgroup'];
  return value || valueAt(tree, path) !== undefined ? [{ path, value }] : [];
}
