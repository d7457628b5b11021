import {
  isHostPath, isOptionValue, MIRRORS_MAX, POD_ANNOTATION_PATTERN, POD_ANNOTATIONS_MAX, REGISTRY_HOST_PATTERN, REGISTRY_HOSTS_MAX, REGISTRY_URL_PATTERN, RUNTIME_OPTION_PATTERN,
  RUNTIME_OPTIONS_MAX, RUNTIME_TYPE_PATTERN, RUNTIMES_MAX, SANDBOX_IMAGE_PATTERN, settingsProblems, SNAPSHOTTER_PATTERN, SPEC_DIRS_MAX,
} from '../../domain/steps/containerd-problem.ts';
import type { ContainerdRegistry, ContainerdRuntime, ContainerdSettings, ContainerdSpec, RegistryMirror, RuntimeOption } from '../../domain/steps/containerd-spec.ts';
import { LOOK_INTERVAL_MAX_MS, LOOKS_MAX, RUNTIME_HANDLER_PATTERN } from '../../domain/step-limits.ts';
import type { FieldCheck } from '../field-check.ts';
import type { Step__Output } from '../generated/farrier/v1/Step.d.ts';
import type { StepCodec } from './step-codec.ts';

type Wire = NonNullable<Step__Output['containerd']>;
type Capability = RegistryMirror['capabilities'][number];

const CAPABILITIES: Readonly<Record<Capability, `REGISTRY_CAPABILITY_${Uppercase<Capability>}`>> = { pull: 'REGISTRY_CAPABILITY_PULL', resolve: 'REGISTRY_CAPABILITY_RESOLVE', push: 'REGISTRY_CAPABILITY_PUSH' };

export const containerdCodec: StepCodec<ContainerdSpec> = {
  toWire: ({ action, settings, looks, lookIntervalMs }) => ({
    containerd: {
      action: action === 'configure' ? 'CONTAINERD_ACTION_CONFIGURE' : 'CONTAINERD_ACTION_GUARD',
      ...{ looks, lookIntervalMs, enableCri: settings.enableCri, defaultRuntime: settings.defaultRuntime ?? '', removeRuntimes: [...settings.removeRuntimes] },
      runtimes: settings.runtimes.map((runtime) => ({
        ...{ name: runtime.name, type: runtime.type, binary: runtime.binary ?? '', cgroupDriver: driverToWire(runtime.systemdCgroup), podAnnotations: [...runtime.podAnnotations] },
        options: runtime.options.map(({ name, value }) => ({ name, valueJson: JSON.stringify(value) })),
      })),
      cgroupDriver: driverToWire(settings.systemdCgroup),
      ...{ sandboxImage: settings.sandboxImage ?? '', snapshotter: settings.snapshotter ?? '', alsoFor: settings.alsoFor ?? '' },
      registry: settings.registry === null ? null : registryToWire(settings.registry),
      cdi: settings.cdi === null ? null : { enabled: settings.cdi.enabled, specDirs: [...settings.cdi.specDirs] },
    },
  }),

  fromWire(base, { containerd: step }, at, check) {
    if (!step) return null;
    const isGuard = step.action === 'CONTAINERD_ACTION_GUARD';
    check.that(isGuard || step.action === 'CONTAINERD_ACTION_CONFIGURE', `${at}.action`, `is ${step.action}, which this version does not know`);
    check.count(step.looks, `${at}.looks`, { min: 1, max: LOOKS_MAX });
    check.count(step.lookIntervalMs, `${at}.lookIntervalMs`, { min: 1, max: LOOK_INTERVAL_MAX_MS });
    const settings = settingsFromWire(step, at, check);
    for (const { at: place, message } of settingsProblems(settings)) check.that(false, `${at}.${place.join('.')}`, message);
    return { kind: 'containerd', ...base, action: isGuard ? 'guard' : 'configure', settings, looks: step.looks, lookIntervalMs: step.lookIntervalMs };
  },
};

function settingsFromWire(step: Wire, at: string, check: FieldCheck): ContainerdSettings {
  check.count(step.runtimes.length, `${at}.runtimes`, { max: RUNTIMES_MAX });
  check.count(step.removeRuntimes.length, `${at}.removeRuntimes`, { max: RUNTIMES_MAX });
  for (const [index, name] of step.removeRuntimes.entries()) check.text(name, `${at}.removeRuntimes[${index}]`, RUNTIME_HANDLER_PATTERN);
  const { cdi, registry } = step;
  check.count(cdi?.specDirs.length ?? 0, `${at}.cdi.specDirs`, { max: SPEC_DIRS_MAX });
  for (const [index, path] of (cdi?.specDirs ?? []).entries()) checkPath(path, `${at}.cdi.specDirs[${index}]`, check);
  return {
    enableCri: step.enableCri,
    defaultRuntime: textOrNull(step.defaultRuntime, `${at}.defaultRuntime`, RUNTIME_HANDLER_PATTERN, check),
    runtimes: step.runtimes.map((runtime, index) => runtimeFromWire(runtime, `${at}.runtimes[${index}]`, check)),
    removeRuntimes: step.removeRuntimes,
    systemdCgroup: driverFromWire(step.cgroupDriver, `${at}.cgroupDriver`, check),
    sandboxImage: textOrNull(step.sandboxImage, `${at}.sandboxImage`, SANDBOX_IMAGE_PATTERN, check),
    snapshotter: textOrNull(step.snapshotter, `${at}.snapshotter`, SNAPSHOTTER_PATTERN, check),
    registry: registry === null ? null : registryFromWire(registry, `${at}.registry`, check),
    cdi: cdi === null ? null : { enabled: cdi.enabled, specDirs: cdi.specDirs },
    alsoFor: step.alsoFor === '' ? null : step.alsoFor,
  };
}

function runtimeFromWire(runtime: Wire['runtimes'][number], at: string, check: FieldCheck): ContainerdRuntime {
  check.text(runtime.name, `${at}.name`, RUNTIME_HANDLER_PATTERN);
  check.text(runtime.type, `${at}.type`, RUNTIME_TYPE_PATTERN);
  if (runtime.binary !== '') checkPath(runtime.binary, `${at}.binary`, check);
  check.count(runtime.podAnnotations.length, `${at}.podAnnotations`, { max: POD_ANNOTATIONS_MAX });
  for (const [index, annotation] of runtime.podAnnotations.entries()) check.text(annotation, `${at}.podAnnotations[${index}]`, POD_ANNOTATION_PATTERN);
  check.count(runtime.options.length, `${at}.options`, { max: RUNTIME_OPTIONS_MAX });
  return {
    ...{ name: runtime.name, type: runtime.type, binary: runtime.binary === '' ? null : runtime.binary, podAnnotations: runtime.podAnnotations },
    systemdCgroup: driverFromWire(runtime.cgroupDriver, `${at}.cgroupDriver`, check),
    options: runtime.options.map(({ name, valueJson }, index): RuntimeOption => {
      check.text(name, `${at}.options[${index}].name`, RUNTIME_OPTION_PATTERN);
      return { name, value: optionFromJson(valueJson, `${at}.options[${index}].valueJson`, check) };
    }),
  };
}

function registryToWire({ configPath, hosts }: ContainerdRegistry) {
  return {
    configPath,
    hosts: hosts.map(({ host, server, mirrors }) => ({
      ...{ host, server: server ?? '' },
      mirrors: mirrors.map(({ url, capabilities, ca, skipVerify, overridePath }) => ({ url, capabilities: capabilities.map((one) => CAPABILITIES[one]), ca: ca ?? '', skipVerify, overridePath })),
    })),
  };
}

function registryFromWire({ configPath, hosts }: NonNullable<Wire['registry']>, at: string, check: FieldCheck): ContainerdRegistry {
  checkPath(configPath, `${at}.configPath`, check);
  check.count(hosts.length, `${at}.hosts`, { max: REGISTRY_HOSTS_MAX });
  return {
    configPath,
    hosts: hosts.map(({ host, server, mirrors }, index) => {
      check.text(host, `${at}.hosts[${index}].host`, REGISTRY_HOST_PATTERN);
      check.count(mirrors.length, `${at}.hosts[${index}].mirrors`, { max: MIRRORS_MAX });
      return { host, server: textOrNull(server, `${at}.hosts[${index}].server`, REGISTRY_URL_PATTERN, check), mirrors: mirrors.map((mirror, place) => mirrorFromWire(mirror, `${at}.hosts[${index}].mirrors[${place}]`, check)) };
    }),
  };
}

function mirrorFromWire({ url, capabilities, ca, skipVerify, overridePath }: NonNullable<Wire['registry']>['hosts'][number]['mirrors'][number], at: string, check: FieldCheck): RegistryMirror {
  check.text(url, `${at}.url`, REGISTRY_URL_PATTERN);
  if (ca !== '') checkPath(ca, `${at}.ca`, check);
  check.that(capabilities.length > 0 && new Set(capabilities).size === capabilities.length, `${at}.capabilities`, 'names none, or one twice');
  const known = (Object.keys(CAPABILITIES) as Capability[]).filter((one) => capabilities.includes(CAPABILITIES[one]));
  check.that(known.length === capabilities.length, `${at}.capabilities`, 'names one that this version does not know');
  // In the order that they have there.
  return { url, capabilities: capabilities.flatMap((one) => known.filter((name) => CAPABILITIES[name] === one)), ca: ca === '' ? null : ca, skipVerify, overridePath };
}

function driverToWire(systemd: boolean | null): 'CGROUP_DRIVER_UNSPECIFIED' | 'CGROUP_DRIVER_SYSTEMD' | 'CGROUP_DRIVER_CGROUPFS' {
  if (systemd === null) return 'CGROUP_DRIVER_UNSPECIFIED';
  return systemd ? 'CGROUP_DRIVER_SYSTEMD' : 'CGROUP_DRIVER_CGROUPFS';
}

function driverFromWire(driver: Wire['cgroupDriver'], at: string, check: FieldCheck): boolean | null {
  if (driver === 'CGROUP_DRIVER_UNSPECIFIED') return null;
  check.that(driver === 'CGROUP_DRIVER_SYSTEMD' || driver === 'CGROUP_DRIVER_CGROUPFS', at, `is ${driver}, which this version does not know`);
  return driver === 'CGROUP_DRIVER_SYSTEMD';
}

function textOrNull(text: string, at: string, pattern: RegExp, check: FieldCheck): string | null {
  if (text === '') return null;
  check.text(text, at, pattern);
  return text;
}

function checkPath(path: string, at: string, check: FieldCheck): void {
  check.that(isHostPath(path), at, `is ${JSON.stringify(path.slice(0, 80))}, which is no absolute path`);
}

/** Only as `toWire` writes it: one value has one form, and its bytes are what the digest covers. */
function optionFromJson(text: string, at: string, check: FieldCheck): RuntimeOption['value'] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (isOptionValue(value) && JSON.stringify(value) === text) return value;
  check.that(false, at, 'is no text, whole number or truth value');
  return '';
}
