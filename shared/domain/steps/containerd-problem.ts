import { FILE_PATH_PATTERN } from '../step-limits.ts';
import { parseRelease } from '../release.ts';
import { type ContainerdRegistry, type ContainerdRuntime, type ContainerdSettings, isRuncType, type RegistryHost, type RuntimeOption } from './containerd-spec.ts';
import { refusedPath } from './refused-path.ts';

// Names here become keys of containerd's configuration and folders: none holds a quote, a line end or a way out.

/** `io.containerd.NAME.vN` stands for the program containerd-shim-NAME-vN. */
export const RUNTIME_TYPE_PATTERN = /^io\.containerd\.[a-z0-9][a-z0-9.-]{0,62}\.v\d{1,3}$/;
/** An annotation, or the beginning of some, as `module.wasm.image/*`. */
export const POD_ANNOTATION_PATTERN = /^[A-Za-z0-9*][A-Za-z0-9.*/_-]{0,252}$/;
export const RUNTIME_OPTION_PATTERN = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
/** With a tag or a digest: what is pinned has to be one image. */
export const SANDBOX_IMAGE_PATTERN = /^(?=.{3,255}$)[a-z0-9][A-Za-z0-9._:/-]*(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})$/;
export const SNAPSHOTTER_PATTERN = /^[a-z0-9][a-z0-9.-]{0,63}$/;
/** One folder below `config_path`. */
export const REGISTRY_HOST_PATTERN = /^(?:_default|[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::\d{1,5})?|\[[0-9a-f:]{2,39}\](?::\d{1,5})?)$/;
export const REGISTRY_URL_PATTERN = /^https?:\/\/[A-Za-z0-9[][A-Za-z0-9.:[\]-]{0,254}(?:\/[A-Za-z0-9._~/-]{0,512})?$/;

export const RUNTIMES_MAX = 16;
export const REGISTRY_HOSTS_MAX = 64;
export const MIRRORS_MAX = 16;
export const POD_ANNOTATIONS_MAX = 32;
export const RUNTIME_OPTIONS_MAX = 32;
export const SPEC_DIRS_MAX = 8;
const OPTION_TEXT_MAX = 1024;

/** Options that have a setting of their own. */
const OWN_OPTIONS = ['BinaryName', 'SystemdCgroup'];

export function isOptionValue(value: unknown): value is RuntimeOption['value'] {
  if (typeof value === 'string') return value.length <= OPTION_TEXT_MAX && !/\p{Cc}/u.test(value);
  return typeof value === 'boolean' || Number.isSafeInteger(value);
}

/** What is wrong with the settings together. `at` is where, as a plan writes it. */
export interface SettingsProblem {
  readonly at: readonly (string | number)[];
  readonly message: string;
}

/** Each value by itself is right already. */
export function settingsProblems(settings: ContainerdSettings): readonly SettingsProblem[] {
  const { runtimes, removeRuntimes, defaultRuntime, alsoFor, registry } = settings;
  const clash = removeRuntimes.findIndex((name) => runtimes.some((runtime) => runtime.name === name));
  const isGone = defaultRuntime !== null && removeRuntimes.includes(defaultRuntime);
  return [
    ...twice(runtimes.map(({ name }) => name), 'runtimes'),
    ...twice(removeRuntimes, 'removeRuntimes'),
    ...runtimes.flatMap((runtime, index) => ofRuntime(runtime, settings).map((message) => ({ at: ['runtimes', index], message }))),
    ...(clash === -1 ? [] : [{ at: ['removeRuntimes', clash], message: `${removeRuntimes[clash]} stands among runtimes too; take it out of one of the two` }]),
    ...(isGone ? [{ at: ['defaultRuntime'], message: `${defaultRuntime} is removed by this very step; name another` }] : []),
    ...(alsoFor !== null && parseRelease(alsoFor) === null ? [{ at: ['alsoFor'], message: 'is no version of containerd, as 1.7.24' }] : []),
    ...(registry === null ? [] : ofRegistry(registry)),
  ];
}

function ofRuntime({ name, type, binary, systemdCgroup, options }: ContainerdRuntime, settings: ContainerdSettings): readonly string[] {
  const isRunc = isRuncType(type);
  const own = options.find((option) => OWN_OPTIONS.includes(option.name));
  const again = options.find((option, index) => options.findIndex((other) => other.name === option.name) !== index);
  return [
    ...(own === undefined ? [] : [`sets the option ${own.name}, which has a key of its own: ${own.name === 'BinaryName' ? 'binary' : 'systemdCgroup'}`]),
    ...(again === undefined ? [] : [`sets the option ${again.name} twice`]),
    ...(!isRunc && (binary !== null || systemdCgroup !== null) ? [`is of type ${type}, which has no binary and no systemdCgroup; set what it has under options`] : []),
    ...(isRunc && systemdCgroup !== null && settings.systemdCgroup !== null && systemdCgroup !== settings.systemdCgroup ? [`has another cgroup driver than all others; the kubelet has one for all of them: take systemdCgroup out of ${name}`] : []),
  ];
}

function ofRegistry({ configPath, hosts }: ContainerdRegistry): readonly SettingsProblem[] {
  return [
    ...folderProblem(configPath).map((message) => ({ at: ['registry', 'configPath'], message })),
    ...twice(hosts.map(({ host }) => host), 'registry', 'hosts'),
    ...hosts.flatMap((host, index) => emptyHost(host).map((message) => ({ at: ['registry', 'hosts', index], message }))),
    ...hosts.flatMap(({ mirrors }, index) => twice(mirrors.map(({ url }) => url), 'registry', 'hosts', index, 'mirrors')),
  ];
}

/** The step makes files of the plan's there, without a files step. */
function folderProblem(path: string): readonly string[] {
  if (!path.startsWith('/etc/')) return ['is not below /etc; the step writes hosts.toml files there, and a plan gets no other place for them'];
  const refused = refusedPath(path);
  return refused === '' ? [] : [`${refused}; name another folder below /etc`];
}

function emptyHost({ server, mirrors }: RegistryHost): readonly string[] {
  return server === null && mirrors.length === 0 ? ['says nothing; give it mirrors or a server'] : [];
}

function twice(names: readonly string[], ...at: readonly (string | number)[]): readonly SettingsProblem[] {
  const found = names.findIndex((name, index) => names.indexOf(name) !== index);
  return found === -1 ? [] : [{ at: [...at, found], message: `${names[found]} stands here twice` }];
}

/** A folder or a file on the host. */
export function isHostPath(path: string): boolean {
  return FILE_PATH_PATTERN.test(path);
}
