import {
  K3S_RUNTIMES_MAX,
  POD_ANNOTATION_PATTERN,
  POD_ANNOTATIONS_MAX,
  PROGRAM_PATH_PATTERN,
  REGISTRY_HOST_PATTERN,
  REGISTRY_HOSTS_MAX,
  REGISTRY_MIRRORS_MAX,
  REGISTRY_URL_PATTERN,
  RUNTIME_HANDLER_PATTERN,
  RUNTIME_TYPE_PATTERN,
} from '../../domain/step-limits.ts';
import type { K3sMirror, K3sRuntime, K3sRuntimesSpec } from '../../domain/steps/k3s-runtimes-spec.ts';
import type { FieldCheck } from '../field-check.ts';
import type { K3sMirror__Output } from '../generated/farrier/v1/K3sMirror.d.ts';
import type { K3sRuntime__Output } from '../generated/farrier/v1/K3sRuntime.d.ts';
import type { StepCodec } from './step-codec.ts';

const ROLES: Readonly<Record<string, K3sRuntimesSpec['role']>> = { K3S_ROLE_SERVER: 'server', K3S_ROLE_AGENT: 'agent' };

export const k3sRuntimesCodec: StepCodec<K3sRuntimesSpec> = {
  toWire: ({ role, runtimes, mirrors }) => ({
    k3sRuntimes: {
      role: role === 'server' ? 'K3S_ROLE_SERVER' : 'K3S_ROLE_AGENT',
      runtimes: runtimes.map(({ name, type, binary, podAnnotations }) => ({ name, type, binary: binary ?? '', podAnnotations: [...podAnnotations] })),
      mirrors: mirrors.map(({ host, endpoints }) => ({ host, endpoints: [...endpoints] })),
    },
  }),

  fromWire(base, { k3sRuntimes: step }, at, check) {
    if (!step) return null;
    const role = ROLES[step.role as string];
    check.that(role !== undefined, `${at}.role`, `is ${step.role}, which this version does not know`);
    check.count(step.runtimes.length, `${at}.runtimes`, { max: K3S_RUNTIMES_MAX });
    check.count(step.mirrors.length, `${at}.mirrors`, { max: REGISTRY_HOSTS_MAX });
    const runtimes = step.runtimes.map((runtime, index) => runtimeFrom(runtime, `${at}.runtimes[${index}]`, check));
    const mirrors = step.mirrors.map((mirror, index) => mirrorFrom(mirror, `${at}.mirrors[${index}]`, check));
    check.that(new Set(runtimes.map(({ name }) => name)).size === runtimes.length, `${at}.runtimes`, 'names a runtime twice');
    check.that(new Set(mirrors.map(({ host }) => host)).size === mirrors.length, `${at}.mirrors`, 'names a host twice');
    return { kind: 'k3s_runtimes', ...base, role: role ?? 'agent', runtimes, mirrors };
  },
};

function runtimeFrom({ name, type, binary, podAnnotations }: K3sRuntime__Output, at: string, check: FieldCheck): K3sRuntime {
  check.text(name, `${at}.name`, RUNTIME_HANDLER_PATTERN);
  check.text(type, `${at}.type`, RUNTIME_TYPE_PATTERN);
  if (binary !== '') check.text(binary, `${at}.binary`, PROGRAM_PATH_PATTERN);
  check.count(podAnnotations.length, `${at}.podAnnotations`, { max: POD_ANNOTATIONS_MAX });
  for (const [index, annotation] of podAnnotations.entries()) check.text(annotation, `${at}.podAnnotations[${index}]`, POD_ANNOTATION_PATTERN);
  return { name, type, binary: binary === '' ? null : binary, podAnnotations };
}

function mirrorFrom({ host, endpoints }: K3sMirror__Output, at: string, check: FieldCheck): K3sMirror {
  check.text(host, `${at}.host`, REGISTRY_HOST_PATTERN);
  check.count(endpoints.length, `${at}.endpoints`, { min: 1, max: REGISTRY_MIRRORS_MAX });
  for (const [index, endpoint] of endpoints.entries()) check.text(endpoint, `${at}.endpoints[${index}]`, REGISTRY_URL_PATTERN);
  return { host, endpoints };
}
