import type { z } from 'zod';

import { LOOK_INTERVAL_MAX_MS, LOOKS_MAX, UNIT_NAME_PATTERN } from '../../domain/step-limits.ts';
import type { ServiceSpec } from '../../domain/step-spec.ts';
import { durationOr, formatDuration } from '../duration.ts';
import { entryOf, hasOnly } from '../loose.ts';
import { duration, wholeNumber } from '../number-fields.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { section } from '../section.ts';
import { name } from '../text-fields.ts';
import { stepTimeout } from './step-timeout.ts';

/** Over 30 s: a new version that crashes within them is put back. */
const DEFAULT_LOOKS = 31;
const DEFAULT_LOOK_INTERVAL_MS = 1000;
const DEFAULT_TIMEOUT_MS = 120_000;

const ACTIONS = ['restart', 'disable'];

export const unit = name(UNIT_NAME_PATTERN, 'the full name of a service unit, as containerd.service');

export const serviceSection = section({
  /** One of these two: checked apart. */
  restart: unit.optional(),
  disable: unit.optional(),
  looks: wholeNumber({ min: 1, max: LOOKS_MAX }).default(DEFAULT_LOOKS),
  every: duration({ min: 100, max: LOOK_INTERVAL_MAX_MS }).default(DEFAULT_LOOK_INTERVAL_MS),
  timeout: stepTimeout.default(DEFAULT_TIMEOUT_MS),
});

export function compileService({ restart, disable, looks, every, timeout }: z.infer<typeof serviceSection>, nameIt: (wanted: string) => string): ServiceSpec {
  const proof = { looks, lookIntervalMs: every };
  if (restart !== undefined) return { kind: 'service', name: nameIt(`restart-${restart}`), timeoutMs: timeout, unit: restart, action: 'restart', ...proof };
  if (disable !== undefined) return { kind: 'service', name: nameIt(`disable-${disable}`), timeoutMs: timeout, unit: disable, action: 'disable', ...proof };
  throw new Error('a service step without an action passed the cross-check');
}

export function checkService(service: unknown, path: PropertyPath): readonly Problem[] {
  return [...checkAction(service, path), ...checkLooks(service, path)];
}

/** A misspelt key may be the one that is missing: then only that is told. */
function checkAction(service: unknown, path: PropertyPath): readonly Problem[] {
  if (typeof service !== 'object' || service === null || Array.isArray(service)) return [];
  const { length: given } = ACTIONS.filter((key) => Object.hasOwn(service, key));
  if (given > 1) return [problem([...path, 'disable'], 'conflict', 'stands beside restart; make it two steps, so that each can be reverted by itself', 'key')];
  return given === 0 && hasOnly(service, ['looks', 'every', 'timeout']) ? [problem(path, 'missing', `names no unit; write ${ACTIONS.join(' or ')} with the full name of one, as containerd.service`)] : [];
}

/** Looks that take longer than the timeout could never succeed. */
function checkLooks(service: unknown, path: PropertyPath): readonly Problem[] {
  const looks = entryOf(service, 'looks') ?? DEFAULT_LOOKS;
  const every = durationOr(DEFAULT_LOOK_INTERVAL_MS, entryOf(service, 'every'));
  const timeout = durationOr(DEFAULT_TIMEOUT_MS, entryOf(service, 'timeout'));
  if (typeof looks !== 'number' || every === null || timeout === null || looks * every < timeout) return [];
  return [problem([...path, 'timeout'], 'conflict', `${looks} looks, one every ${formatDuration(every)}, do not fit into a timeout of ${formatDuration(timeout)}; raise timeout, or lower looks or every`)];
}
