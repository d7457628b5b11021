import type { z } from 'zod';

import { LOOK_INTERVAL_MAX_MS, LOOKS_MAX, SOURCE_NAME_PATTERN, SOURCES_MAX, STEP_NAME_PATTERN, STEP_TIMEOUT_MAX_MS, STEPS_MAX, UNIT_NAME_PATTERN } from '../domain/step-limits.ts';
import { duration, share, wholeNumber } from './number-fields.ts';
import { list, section } from './section.ts';
import { EVERY_NODE, selector } from './selector-field.ts';
import { installs } from './step-fields.ts';
import { choice, exactly, name } from './text-fields.ts';

const PLAN_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const WAVES_MAX = 100;
const DAY_MS = 86_400_000;

const planName = name(PLAN_NAME, 'a name of at most 63 lower-case letters, digits and "-"');
const unit = name(UNIT_NAME_PATTERN, 'the full name of a service unit, as containerd.service');
const source = name(SOURCE_NAME_PATTERN, 'the name of a package source in /etc/farrier/sources.d: lower-case letters, digits, ".", "_" and "-"');
const stepName = name(STEP_NAME_PATTERN, 'a name of at most 160 letters, digits, spaces and . _ @ : + -');
const timeout = duration({ min: 1000, max: STEP_TIMEOUT_MAX_MS });

const packages = section({
  install: installs(),
  sources: list(source, 'package sources', { min: 1, max: SOURCES_MAX }),
  conffiles: choice(['keep', 'replace']).default('keep'),
  timeout: timeout.default(600_000),
});

export const DEFAULT_LOOKS = 3;
export const DEFAULT_LOOK_INTERVAL_MS = 1000;
export const DEFAULT_SERVICE_TIMEOUT_MS = 120_000;

const service = section({
  restart: unit,
  looks: wholeNumber({ min: 1, max: LOOKS_MAX }).default(DEFAULT_LOOKS),
  every: duration({ min: 100, max: LOOK_INTERVAL_MAX_MS }).default(DEFAULT_LOOK_INTERVAL_MS),
  timeout: timeout.default(DEFAULT_SERVICE_TIMEOUT_MS),
});

/** Exactly one of the kinds: checked apart, where the others' mistakes cannot hide it. */
const step = section({ name: stepName.optional(), packages: packages.optional(), service: service.optional() });

const wave = section({
  name: planName,
  select: selector.default(EVERY_NODE),
  most: share().optional(),
  soak: duration({ min: 0, max: 30 * DAY_MS }).default(0),
});

const spec = section({
  select: selector.default(EVERY_NODE),
  waves: list(wave, 'waves', { min: 1, max: WAVES_MAX }).optional(),
  maxUnavailable: share().default({ unit: 'nodes', value: 1 }),
  maxFailures: wholeNumber({ min: 0, max: 1_000_000 }).default(0),
  onFailure: choice(['pause', 'rollback']).default('pause'),
  onSilence: choice(['keep', 'revert']).default('keep'),
  silence: duration({ min: 60_000, max: 7 * DAY_MS }).default(0),
  minDonePercent: wholeNumber({ min: 1, max: 100 }).default(90),
  steps: list(step, 'steps', { min: 1, max: STEPS_MAX }),
});

const belowSpec = Object.fromEntries(Object.keys(spec.shape).map((key) => [key, 'spec']));

/** A plan as a person writes it; what no single value shows is in cross-check-plan.ts. */
export const planFile = section(
  {
    apiVersion: exactly('farrier/v1'),
    kind: exactly('Plan', { FleetPolicy: 'a policy is put with `farrier policy set`' }),
    metadata: section({ name: planName }),
    spec,
  },
  belowSpec,
);

export type PlanFile = z.infer<typeof planFile>;
export type WrittenStep = PlanFile['spec']['steps'][number];
