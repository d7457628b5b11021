import { formatRelease, type Release } from '../../../shared/domain/release.ts';
import { type ContainerdSettings, isRuncType } from '../../../shared/domain/steps/containerd-spec.ts';
import { isTable, type TomlTree, valueAt } from '../../toml/toml-file.ts';
import { type ConfigRefusal, refuse } from './config-refusal.ts';
import { type ConfigVersion, isSupported, newestRead } from './config-version.ts';
import { agreedCgroup, hasType, runtimesOf } from './runtime-table.ts';
import { isCriOff, type SettingPlaces } from './setting-places.ts';
import { asksOfCri } from './wanted-settings.ts';

/** @returns why this file is not for these daemons, before anything is set in it. */
export function refuseFile(tree: TomlTree, version: ConfigVersion, releases: readonly Release[]): ConfigRefusal | null {
  const old = releases.find((release) => !isSupported(release));
  if (old !== undefined) return refuse('containerd-too-old', `containerd ${formatRelease(old)} is older than 1.6, which is the oldest that is configured`);
  const blind = releases.find((release) => newestRead(release) < version);
  if (blind !== undefined) return refuse('config-version-unread', `it is of version ${version}; containerd ${formatRelease(blind)} reads ${newestRead(blind)} at most`);
  const plugins = valueAt(tree, ['plugins']);
  const names = isTable(plugins) ? Object.keys(plugins) : [];
  const long = names.find((name) => name.includes('.'));
  if (version === 1 && long !== undefined) return refuse('config-unclear', `it says no version, so it is of version 1, where plugins have short names, and sets ${long}; write version = 2 if that is what is meant`);
  const ahead = names.find((name) => name.startsWith('io.containerd.cri.v1.'));
  // containerd 2 then moves nothing at all, and forgets both.
  if (version === 2 && ahead !== undefined) return refuse('config-unclear', `it is of version 2 and sets ${ahead}, a name of version 3; write version = 3 and the names of that version throughout`);
  return null;
}

/** @returns why containerd would not start its CRI with this file, or would do other than the plan says. */
export function refuseResult(tree: TomlTree, places: SettingPlaces, settings: ContainerdSettings, keepsRunc: boolean): ConfigRefusal | null {
  if (isCriOff(tree) && asksOfCri(settings)) return refuse('cri-off', 'it turns CRI off under disabled_plugins, and all that the plan sets is for CRI; write enableCri: true in the plan');
  return refuseRegistry(tree, places) ?? refuseDefault(tree, places, settings, keepsRunc) ?? refuseDrivers(tree, places, settings, keepsRunc);
}

/** https://github.com/containerd/containerd/issues/7844: CRI does not load at all. */
function refuseRegistry(tree: TomlTree, places: SettingPlaces): ConfigRefusal | null {
  const path = valueAt(tree, [...places.registry, 'config_path']);
  if (typeof path !== 'string' || path === '') return null;
  const mirrors = valueAt(tree, [...places.registry, 'mirrors']);
  if (isTable(mirrors) && Object.keys(mirrors).length > 0) return refuse('mirrors-and-config-path', `it has registry.mirrors of ${Object.keys(mirrors).join(', ')}, with which containerd takes no registry.config_path; move them to hosts of the plan, and take them out of the file`);
  const configs = valueAt(tree, [...places.registry, 'configs']);
  const host = isTable(configs) ? Object.entries(configs).find(([, config]) => isTable(config) && isTable(config['tls']))?.[0] : undefined;
  return host === undefined ? null : refuse('mirrors-and-config-path', `it has registry.configs of ${host} with tls, with which containerd takes no registry.config_path; move it to hosts of the plan, and take it out of the file`);
}

function refuseDefault(tree: TomlTree, places: SettingPlaces, settings: ContainerdSettings, keepsRunc: boolean): ConfigRefusal | null {
  const older = valueAt(tree, [...places.runtime, 'containerd', 'default_runtime', 'runtime_type']);
  if (settings.defaultRuntime !== null && typeof older === 'string' && older !== '') return refuse('default-runtime-overridden', 'it sets containerd.default_runtime, which goes before default_runtime_name; take that table out of the file');
  const said = valueAt(tree, places.defaultRuntime);
  const name = typeof said === 'string' && said !== '' ? said : 'runc';
  const runtimes = runtimesOf(tree, places, keepsRunc);
  const table = valueAt(tree, [...places.runtimes, name]);
  if (!keepsRunc && isTable(table) && !hasType(table)) return refuse('default-runtime-missing', `its default runtime ${name} has no runtime_type, without which containerd before 2.0 starts no CRI; name it under runtimes in the plan`);
  if (runtimes.some((runtime) => runtime.name === name)) return null;
  return refuse('default-runtime-missing', `its default runtime would be ${name}, which is not among ${runtimes.length === 0 ? 'its runtimes, for it has none' : runtimes.map((runtime) => runtime.name).join(', ')}; add it to runtimes, or name another as defaultRuntime`);
}

/** A file that was so before, in a plan that is about something else, is left as it is. */
function refuseDrivers(tree: TomlTree, places: SettingPlaces, { runtimes, systemdCgroup, defaultRuntime }: ContainerdSettings, keepsRunc: boolean): ConfigRefusal | null {
  const all = runtimesOf(tree, places, keepsRunc).filter(({ type }) => isRuncType(type));
  if ((runtimes.length === 0 && systemdCgroup === null && defaultRuntime === null) || all.length === 0 || agreedCgroup(all) !== null) return null;
  const list = all.map((runtime) => `${runtime.name} ${runtime.systemdCgroup ? 'systemd' : 'cgroupfs'}`).join(', ');
  return refuse('cgroup-driver-mixed', `its runtimes would not have one cgroup driver, and the kubelet has one for all of them: ${list}; set systemdCgroup in the plan`);
}
