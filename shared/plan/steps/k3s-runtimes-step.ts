import type { z } from 'zod';

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
  STEP_TIMEOUT_MAX_MS,
} from '../../domain/step-limits.ts';
import type { K3sRuntimesSpec } from '../../domain/steps/k3s-runtimes-spec.ts';
import { entryOf, hasOnly, itemsOf } from '../loose.ts';
import { duration } from '../number-fields.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { quote } from '../quote.ts';
import { list, section } from '../section.ts';
import { choice, name } from '../text-fields.ts';

/** A proof takes ten seconds of one main process and a heartbeat of the node after them. */
const TIMEOUT_MIN_MS = 60_000;

const runtime = section({
  name: name(RUNTIME_HANDLER_PATTERN, 'the name of a runtime, as a RuntimeClass names its handler: lower-case letters, digits and "-"'),
  type: name(RUNTIME_TYPE_PATTERN, 'the type of a runtime, as io.containerd.kata.v2').default('io.containerd.runc.v2'),
  binary: name(PROGRAM_PATH_PATTERN, 'the absolute path of a program on the host, as /usr/local/bin/crun').optional(),
  podAnnotations: list(name(POD_ANNOTATION_PATTERN, 'an annotation of pods, in which * stands for anything'), 'annotations', { min: 0, max: POD_ANNOTATIONS_MAX }).default([]),
});

const mirror = section({
  host: name(REGISTRY_HOST_PATTERN, 'a host of images, as docker.io or registry.example:5000, or "*" for any'),
  endpoints: list(name(REGISTRY_URL_PATTERN, 'where it is mirrored, as https://images.example:5000'), 'endpoints', { min: 1, max: REGISTRY_MIRRORS_MAX }),
});

export const k3sRuntimesSection = section({
  role: choice(['server', 'agent']),
  runtimes: list(runtime, 'runtimes', { min: 0, max: K3S_RUNTIMES_MAX }).default([]),
  mirrors: list(mirror, 'mirrors', { min: 1, max: REGISTRY_HOSTS_MAX }).optional(),
  timeout: duration({ min: TIMEOUT_MIN_MS, max: STEP_TIMEOUT_MAX_MS }).default(600_000),
});

/** Sorted: neither order is anybody's intent, and equal targets have to have equal digests. */
export function compileK3sRuntimes({ role, runtimes, mirrors = [], timeout }: z.infer<typeof k3sRuntimesSection>, nameIt: (wanted: string) => string): K3sRuntimesSpec {
  return {
    ...{ kind: 'k3s_runtimes', name: nameIt(`k3s-runtimes-${role}`), timeoutMs: timeout, role },
    runtimes: runtimes.map((one) => ({ ...one, binary: one.binary ?? null })).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    mirrors: mirrors.toSorted((a, b) => (a.host < b.host ? -1 : 1)),
  };
}

export function checkK3sRuntimes(step: unknown, path: PropertyPath): readonly Problem[] {
  if (typeof step !== 'object' || step === null) return [];
  // Those that a plan leaves out go: one that is about mirrors alone must not take runtimes away unseen.
  const isSilent = entryOf(step, 'runtimes') === undefined && hasOnly(step, ['role', 'mirrors', 'timeout', 'probe']);
  const nothing = isSilent ? [problem(path, 'missing', 'does not say which runtimes Farrier keeps there; write runtimes with all of them, as those that are left out go: [] for none')] : [];
  return [...nothing, ...twice(step, 'runtimes', 'name', path), ...twice(step, 'mirrors', 'host', path)];
}

function twice(step: object, key: string, named: string, path: PropertyPath): readonly Problem[] {
  const names = itemsOf(entryOf(step, key)).map((item) => entryOf(item, named));
  return names.flatMap((one, index) => (typeof one === 'string' && names.indexOf(one) < index ? [problem([...path, key, index, named], 'duplicate-name', `${quote(one)} is already the ${named} of number ${names.indexOf(one) + 1}; name each once`)] : []));
}
