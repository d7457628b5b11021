import { lstat } from 'node:fs/promises';

import type { K3sSpec } from '../../../shared/domain/steps/k3s-spec.ts';
import type { K3s, K3sUnit } from '../../ports/k3s.ts';
import { type StepContext, type StepFailure, stepFailure } from '../step.ts';
import { type Places, placesOf, unitOf } from './places.ts';
import { refuseChange } from './refuse-change.ts';

export type Inspected = { readonly ok: true; readonly places: Places; readonly unit: K3sUnit; readonly version: string } | StepFailure;

/** K3s as it is on this host, or why the step cannot be done to it. Reads only. */
export async function inspect(k3s: K3s, spec: K3sSpec, context: StepContext): Promise<Inspected> {
  const name = unitOf(spec);
  const unit = await k3s.unit(name, context.signal);
  if (unit === null) return stepFailure('unit-not-found', `this host has no ${name} that runs K3s; check the role in the plan`, name);
  if (unit.args[0] !== spec.role) return stepFailure('role-mismatch', `${name} runs K3s as ${unit.args[0] ?? 'nothing'}, the plan says ${spec.role}`, name);
  const state = await lstat(unit.binary).catch(() => null);
  if (state === null || !state.isFile()) return stepFailure('not-allowed', `${unit.binary}, which ${name} runs, is no plain file; put the program itself there`, unit.binary);
  const version = await k3s.version(unit.binary, context.signal);
  if (version === null) return stepFailure('version-skew', `${unit.binary} does not say its version; nobody can say what ${spec.version} would do to this host`, unit.binary);
  // When several hops are staged together, the ones before it are not applied yet.
  const before = context.earlier.map((step) => step.spec).findLast((step) => step.kind === 'k3s');
  const refused = refuseChange(before?.version ?? version, spec);
  return refused ?? { ok: true, places: placesOf(spec, unit, context), unit, version };
}
