import type { z } from 'zod';

import { FILE_PATH_PATTERN, LOOK_INTERVAL_MAX_MS, LOOKS_MAX, RUNTIME_HANDLER_PATTERN } from '../../domain/step-limits.ts';
import {
  isOptionValue, MIRRORS_MAX, POD_ANNOTATION_PATTERN, POD_ANNOTATIONS_MAX, REGISTRY_HOST_PATTERN, REGISTRY_HOSTS_MAX, REGISTRY_URL_PATTERN, RUNTIME_OPTION_PATTERN, RUNTIME_OPTIONS_MAX, RUNTIME_TYPE_PATTERN,
  RUNTIMES_MAX, SANDBOX_IMAGE_PATTERN, settingsProblems, SNAPSHOTTER_PATTERN, SPEC_DIRS_MAX,
} from '../../domain/steps/containerd-problem.ts';
import { type ContainerdSettings, type ContainerdSpec, RUNC_TYPE, type RuntimeOption } from '../../domain/steps/containerd-spec.ts';
import { parseRelease } from '../../domain/release.ts';
import { field } from '../field.ts';
import { entryOf, itemsOf } from '../loose.ts';
import { duration, wholeNumber } from '../number-fields.ts';
import { quote } from '../quote.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { expected, list, section } from '../section.ts';
import { choice, name } from '../text-fields.ts';
import { truth } from '../truth-field.ts';
import { stepTimeout } from './step-timeout.ts';

const DEFAULT_LOOKS = 10;
const DEFAULT_LOOK_INTERVAL_MS = 1000;
const DEFAULT_TIMEOUT_MS = 180_000;
const DEFAULT_CONFIG_PATH = '/etc/containerd/certs.d';

export const runtimeName = name(RUNTIME_HANDLER_PATTERN, 'the name of a runtime, which a RuntimeClass has as its handler: lower-case letters, digits and "-", as crun');
export const hostPath = name(FILE_PATH_PATTERN, 'an absolute path on the hosts, without "." and ".." in it');
const url = name(REGISTRY_URL_PATTERN, 'the URL of a registry, as https://registry.example:5000');
const release = field((input, { stop }): string => {
  if (typeof input === 'string' && parseRelease(input) !== null) return input;
  if (typeof input === 'number') return stop('wrong-type', `is read as the number ${input}; put the version in quotes`);
  return stop('not-exact', expected(input, 'a version of containerd, as 1.7.24'));
});

/** `options: { Root: /run/crun, NoNewKeyring: true }`, as containerd names them. */
const options = field((input, { stop, note }): readonly RuntimeOption[] => {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return stop('wrong-type', expected(input, 'a mapping of options of the runtime, as containerd names them, to their values'));
  const entries: readonly (readonly [string, unknown])[] = Object.entries(input);
  if (entries.length > RUNTIME_OPTIONS_MAX) stop('too-many', `sets ${entries.length} options; ${RUNTIME_OPTIONS_MAX} is the limit`);
  return entries.flatMap(([option, value]): readonly RuntimeOption[] => {
    if (!RUNTIME_OPTION_PATTERN.test(option)) note([option], 'bad-name', `${quote(option)} is no name of an option`, 'key');
    else if (isOptionValue(value)) return [{ name: option, value }];
    else note([option], 'wrong-type', `is ${quote(value)}; it has to be text in one line, a whole number, or true or false`);
    return [];
  }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
});

const runtime = section({
  name: runtimeName,
  type: name(RUNTIME_TYPE_PATTERN, 'a type of runtime, as io.containerd.runc.v2 or io.containerd.wasmtime.v1').default(RUNC_TYPE),
  binary: hostPath.optional(),
  systemdCgroup: truth().optional(),
  podAnnotations: list(name(POD_ANNOTATION_PATTERN, 'an annotation or a pattern of some, as run.oci.handler or module.wasm.image/*'), 'annotations', { min: 1, max: POD_ANNOTATIONS_MAX }).optional(),
  options: options.optional(),
});

const mirror = section({
  url,
  capabilities: list(choice(['pull', 'resolve', 'push']), 'what it may be asked for', { min: 1, max: 3 }).default(['pull', 'resolve']),
  ca: hostPath.optional(),
  skipVerify: truth().default(false),
  overridePath: truth().default(false),
});

const host = section({
  host: name(REGISTRY_HOST_PATTERN, 'a registry as images name it, as docker.io or registry.example:5000, or _default'),
  server: url.optional(),
  mirrors: list(mirror, 'mirrors', { min: 1, max: MIRRORS_MAX }).optional(),
});

/** What a plan may say about containerd's configuration, in a step of its own or in a procedure. */
export const settingFields = {
  enableCri: truth().default(false),
  defaultRuntime: runtimeName.optional(),
  runtimes: list(runtime, 'runtimes', { min: 1, max: RUNTIMES_MAX }).optional(),
  removeRuntimes: list(runtimeName, 'names of runtimes', { min: 1, max: RUNTIMES_MAX }).optional(),
  systemdCgroup: truth().optional(),
  sandboxImage: name(SANDBOX_IMAGE_PATTERN, 'an image with its tag or digest, as registry.example/pause:3.10').optional(),
  snapshotter: name(SNAPSHOTTER_PATTERN, 'the name of a snapshotter, as overlayfs').optional(),
  registry: section({ configPath: hostPath.default(DEFAULT_CONFIG_PATH), hosts: list(host, 'registries', { min: 1, max: REGISTRY_HOSTS_MAX }).optional() }, { mirrors: 'hosts, each with its host' }).optional(),
  cdi: section({ enabled: truth(), specDirs: list(hostPath, 'folders', { min: 1, max: SPEC_DIRS_MAX }).optional() }).optional(),
  alsoFor: release.optional(),
};

/** What people write beside the settings, as containerd's own file has it. */
export const belowRegistry = { configPath: 'registry', hosts: 'registry', mirrors: 'registry.hosts, each with its host' };

export const containerdSettingsSection = section(settingFields, belowRegistry);

export const containerdSection = section(
  {
    ...settingFields,
    looks: wholeNumber({ min: 1, max: LOOKS_MAX }).default(DEFAULT_LOOKS),
    every: duration({ min: 100, max: LOOK_INTERVAL_MAX_MS }).default(DEFAULT_LOOK_INTERVAL_MS),
    timeout: stepTimeout.default(DEFAULT_TIMEOUT_MS),
  },
  belowRegistry,
);

export function compileContainerd({ looks, every, timeout, ...settings }: z.infer<typeof containerdSection>, nameIt: (wanted: string) => string): ContainerdSpec {
  return { kind: 'containerd', name: nameIt('containerd'), timeoutMs: timeout, action: 'configure', settings: compileSettings(settings), looks, lookIntervalMs: every };
}

export function compileSettings(written: z.infer<typeof containerdSettingsSection>): ContainerdSettings {
  return {
    enableCri: written.enableCri,
    defaultRuntime: written.defaultRuntime ?? null,
    runtimes: (written.runtimes ?? []).map((one) => ({ name: one.name, type: one.type, binary: one.binary ?? null, systemdCgroup: one.systemdCgroup ?? null, podAnnotations: one.podAnnotations ?? [], options: one.options ?? [] })),
    removeRuntimes: written.removeRuntimes ?? [],
    systemdCgroup: written.systemdCgroup ?? null,
    sandboxImage: written.sandboxImage ?? null,
    snapshotter: written.snapshotter ?? null,
    registry: written.registry === undefined ? null : { configPath: written.registry.configPath, hosts: (written.registry.hosts ?? []).map((one) => ({ host: one.host, server: one.server ?? null, mirrors: (one.mirrors ?? []).map((each) => ({ ...each, ca: each.ca ?? null })) })) },
    cdi: written.cdi === undefined ? null : { enabled: written.cdi.enabled, specDirs: written.cdi.specDirs ?? [] },
    alsoFor: written.alsoFor ?? null,
  };
}

/** As a plan writes them; what is not set is left out. */
export function writeSettings(settings: ContainerdSettings): z.input<typeof containerdSettingsSection> {
  const runtimes = settings.runtimes.map((runtime_) => ({ ...runtime_, options: Object.fromEntries(runtime_.options.map((option) => [option.name, option.value])) }));
  const isSet = (value: unknown): boolean => value !== null && !(Array.isArray(value) && value.length === 0);
  return JSON.parse(JSON.stringify({ ...settings, runtimes }, (_key, value: unknown) => (isSet(value) ? value : undefined))) as z.input<typeof containerdSettingsSection>;
}

export function checkContainerd(written: unknown, path: PropertyPath): readonly Problem[] {
  if (written === undefined) return [];
  const read = containerdSection.safeParse(written);
  const isSlow = read.success && read.data.looks * read.data.every >= read.data.timeout;
  const slow = isSlow ? [problem([...path, 'timeout'], 'conflict', 'is no longer than the looks at the unit take together; raise timeout, or lower looks or every')] : [];
  return [...slow, ...checkSettings(written, path)];
}

/** Of those that are right by themselves, each runtime too: a mistake in one does not hide that others go ill together. */
export function checkSettings(written: unknown, path: PropertyPath): readonly Problem[] {
  const others = Object.entries(settingFields).flatMap(([key, { safeParse }]) => (safeParse(entryOf(written, key)).success ? [[key, entryOf(written, key)] as const] : []));
  const runtimes = [...itemsOf(entryOf(written, 'runtimes')).entries()].filter(([, one]) => runtime.safeParse(one).success).slice(0, RUNTIMES_MAX);
  const right = { ...Object.fromEntries(others), runtimes: runtimes.length === 0 ? undefined : runtimes.map(([, one]) => one) };
  const placeOf = (at: PropertyPath): PropertyPath => (at[0] === 'runtimes' ? ['runtimes', runtimes[Number(at[1])]?.[0] ?? 0, ...at.slice(2)] : at);
  return settingsProblems(compileSettings(containerdSettingsSection.parse(right))).map(({ at, message }) => problem([...path, ...placeOf(at)], 'conflict', message));
}
