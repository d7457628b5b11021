import {
  LOOK_INTERVAL_MAX_MS,
  LOOKS_MAX,
  PACKAGE_NAME_PATTERN,
  PACKAGE_VERSION_PATTERN,
  PACKAGES_MAX,
  SOURCE_NAME_PATTERN,
  SOURCES_MAX,
  STEP_NAME_PATTERN,
  STEP_TIMEOUT_MAX_MS,
  STEPS_MAX,
  UNIT_NAME_PATTERN,
} from '../domain/step-limits.ts';
import type { PackagesSpec, ServiceSpec, StepSpec } from '../domain/step-spec.ts';
import type { Decoded, DecodeError } from './decoded.ts';
import { decoded, undecodable } from './decoded.ts';
import { FieldCheck } from './field-check.ts';
import type { PackagesStep__Output } from './generated/farrier/v1/PackagesStep.d.ts';
import type { ServiceStep__Output } from './generated/farrier/v1/ServiceStep.d.ts';
import type { Step, Step__Output } from './generated/farrier/v1/Step.d.ts';
import { decode, encode, farrier } from './protocol.ts';

/**
 * The bytes that an assignment's digest covers. Equal steps give equal bytes: fields go in the order of their
 * numbers, lists in the order given, and every field is written.
 */
export function encodeSequence(steps: readonly StepSpec[]): Buffer {
  return encode(farrier.Sequence, { steps: steps.map(toWire) });
}

/** Strict: what no plan could hold is refused, for these bytes become argument lists on a host. */
export function decodeSequence(bytes: Uint8Array): Decoded<readonly StepSpec[]> {
  let steps: readonly Step__Output[];
  try {
    steps = decode(farrier.Sequence, bytes).steps;
  } catch (cause) {
    return undecodable('malformed', '', `not a sequence of steps: ${String(cause)}`);
  }
  const check = new FieldCheck();
  check.count(steps.length, 'steps', { min: 1, max: STEPS_MAX });
  check.that(new Set(steps.map((step) => step.name)).size === steps.length, 'steps', 'two steps have the same name');
  const specs: StepSpec[] = [];
  for (const [index, step] of steps.entries()) {
    const spec = fromWire(step, `steps[${index}]`, check);
    if (spec === null) return undecodable('unknown-step-kind', `steps[${index}]`, unknownKind(step, index));
    specs.push(spec);
  }
  return check.error === null ? decoded(specs) : { ok: false, error: check.error satisfies DecodeError };
}

function unknownKind(step: Step__Output, index: number): string {
  return `step ${index} (${JSON.stringify(step.name.slice(0, 80))}) is of a kind that this version does not know; upgrade the agent first`;
}

function toWire(step: StepSpec): Step {
  const base = { name: step.name, timeoutMs: step.timeoutMs };
  switch (step.kind) {
    case 'packages':
      return {
        ...base,
        packages: {
          install: step.install.map(({ name, version }) => ({ name, version })),
          sources: [...step.sources],
          conffiles: step.conffiles === 'keep' ? 'CONFFILE_POLICY_KEEP' : 'CONFFILE_POLICY_REPLACE',
        },
      };
    case 'service':
      return {
        ...base,
        service: {
          unit: step.unit,
          action: step.action === 'restart' ? 'SERVICE_ACTION_RESTART' : 'SERVICE_ACTION_GUARD',
          looks: step.looks,
          lookIntervalMs: step.lookIntervalMs,
        },
      };
  }
}

function fromWire(step: Step__Output, field: string, check: FieldCheck): StepSpec | null {
  check.text(step.name, `${field}.name`, STEP_NAME_PATTERN);
  check.count(step.timeoutMs, `${field}.timeoutMs`, { min: 1, max: STEP_TIMEOUT_MAX_MS });
  const base = { name: step.name, timeoutMs: step.timeoutMs };
  if (step.packages) return packagesFromWire(base, step.packages, field, check);
  if (step.service) return serviceFromWire(base, step.service, field, check);
  return null;
}

type Base = Pick<StepSpec, 'name' | 'timeoutMs'>;

function packagesFromWire(base: Base, step: PackagesStep__Output, field: string, check: FieldCheck): PackagesSpec {
  check.count(step.install.length, `${field}.install`, { min: 1, max: PACKAGES_MAX });
  check.that(new Set(step.install.map(({ name }) => name)).size === step.install.length, `${field}.install`, 'names a package twice');
  for (const [index, { name, version }] of step.install.entries()) {
    check.text(name, `${field}.install[${index}].name`, PACKAGE_NAME_PATTERN);
    check.text(version, `${field}.install[${index}].version`, PACKAGE_VERSION_PATTERN);
  }
  check.count(step.sources.length, `${field}.sources`, { max: SOURCES_MAX });
  for (const [index, source] of step.sources.entries()) check.text(source, `${field}.sources[${index}]`, SOURCE_NAME_PATTERN);
  const conffiles = CONFFILES[step.conffiles as string];
  check.that(conffiles !== undefined, `${field}.conffiles`, `is ${step.conffiles}, which this version does not know`);
  const install = step.install.map(({ name, version }) => ({ name, version }));
  return { kind: 'packages', ...base, install, sources: step.sources, conffiles: conffiles ?? 'keep' };
}

function serviceFromWire(base: Base, step: ServiceStep__Output, field: string, check: FieldCheck): ServiceSpec {
  check.text(step.unit, `${field}.unit`, UNIT_NAME_PATTERN);
  check.count(step.looks, `${field}.looks`, { min: 1, max: LOOKS_MAX });
  check.count(step.lookIntervalMs, `${field}.lookIntervalMs`, { min: 1, max: LOOK_INTERVAL_MAX_MS });
  const action = ACTIONS[step.action as string];
  check.that(action !== undefined, `${field}.action`, `is ${step.action}, which this version does not know`);
  return { kind: 'service', ...base, unit: step.unit, action: action ?? 'guard', looks: step.looks, lookIntervalMs: step.lookIntervalMs };
}

const CONFFILES: Readonly<Record<string, PackagesSpec['conffiles']>> = { CONFFILE_POLICY_KEEP: 'keep', CONFFILE_POLICY_REPLACE: 'replace' };
const ACTIONS: Readonly<Record<string, ServiceSpec['action']>> = { SERVICE_ACTION_RESTART: 'restart', SERVICE_ACTION_GUARD: 'guard' };
