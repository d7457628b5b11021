import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { redactLine } from '../../../shared/domain/redact.ts';
import { REVISION_BUMP, type RestoreDatastoreSpec } from '../../../shared/domain/steps/restore-specs.ts';
import { type CaptureResult, STEP_OK, type StepContext, type StepExecutor, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import { holdDatastore, isDatastoreWanted, releaseDatastore, unholdDatastore } from './hold-datastore.ts';
import type { RestoreParts } from './restore-parts.ts';
import { findTool, fittingSetup, plainPath, stageSnapshot } from './stage-snapshot.ts';
import { dataPlaces, finishFresh, isRestored, isThere, switchBack, switchIn } from './switch-data.ts';

/** What the host had before. */
export interface DatastorePrior {
  /** There was data of a member, whatever its state. */
  readonly existed: boolean;
  /** It ran, or was to run. */
  readonly ran: boolean;
}

/** Replaces what this host's member of etcd holds, with etcd held from before the first rename on. */
export function restoreDatastoreStep(parts: RestoreParts): StepExecutor<RestoreDatastoreSpec, DatastorePrior> {
  return {
    kind: 'restore_datastore',
    stage: (spec, context) => stageSnapshot(parts, spec, context),
    check: async () => ({ ok: true, state: 'needed' }),
    capture: (spec, context) => capture(parts, spec, context),
    apply: (spec, _prior, context) => apply(parts, spec, context),
    verify: (spec, prior, context) => verify(parts, spec, prior, context),
    revert: (spec, prior, context) => revert(parts, spec, prior, context),
    canRevert: (spec, prior, context) => canRevert(parts, spec, prior, context),
  };
}

async function capture(parts: RestoreParts, spec: RestoreDatastoreSpec, context: StepContext): Promise<CaptureResult<DatastorePrior>> {
  const setup = await fittingSetup(parts, spec, context);
  if (!('name' in setup)) return setup;
  return { ok: true, prior: { existed: await isThere(join(setup.dataDir, 'member')), ran: await isDatastoreWanted(parts, setup, context) } };
}

async function apply(parts: RestoreParts, spec: RestoreDatastoreSpec, context: StepContext): Promise<StepResult> {
  const setup = await fittingSetup(parts, spec, context);
  if (!('name' in setup)) return setup;
  const places = dataPlaces(setup.dataDir, spec.token);
  if (!(await isRestored(places, spec.token))) {
    const made = await makeFresh(parts, spec, places.fresh, context);
    if (made !== null) return made;
    await finishFresh(places, spec.token);
  }
  const held = await holdDatastore(parts, setup, spec.timeoutMs, context);
  if (!held.ok) return held;
  if (!(await switchIn(places, spec.token))) return stepFailure('apply-failed', `${join(setup.dataDir, 'member')} came back after it was put aside as ${places.aside}; see who made it`, setup.dataDir);
  const told = tellsWatchers(spec) ? '' : '; etcd before 3.5 cannot raise revisions: watchers of old ones are told nothing, so that kubelets and controllers must be restarted everywhere';
  return { ok: true, note: `what lay there before is kept in ${places.aside}${told}` };
}

/** etcd's own tool writes the log and the members anew; what an attempt before it left is removed. */
async function makeFresh(parts: RestoreParts, spec: RestoreDatastoreSpec, fresh: string, context: StepContext): Promise<StepFailure | null> {
  const tool = await findTool(parts, spec, context);
  if (!('says' in tool)) return tool;
  const own = spec.members.find(({ name }) => name === spec.member);
  if (own === undefined) throw new Error('a member that is none passed the decoder');
  await rm(fresh, { recursive: true, force: true });
  const { code, stderr, stdout } = await parts.run([
    tool.path, 'snapshot', 'restore', plainPath(spec, context), '--data-dir', fresh, '--name', spec.member,
    '--initial-cluster', spec.members.flatMap(({ name, peerUrls }) => peerUrls.map((url) => `${name}=${url}`)).join(','),
    '--initial-cluster-token', spec.token, '--initial-advertise-peer-urls', own.peerUrls.join(','),
    ...(tellsWatchers(spec) ? ['--bump-revision', String(REVISION_BUMP), '--mark-compacted'] : []),
  ], { signal: context.signal, output: context.output });
  if (code === 0) return null;
  const said = `${stdout}\n${stderr}`.split('\n').findLast((line) => line.trim() !== '') ?? 'nothing';
  return stepFailure('snapshot-unusable', `${tool.says} does not restore the snapshot: ${redactLine(said).slice(0, 300)}`, spec.plain.sha256);
}

/** Without, revisions would go back, and what clients know of newer ones would be taken for true (etcd, op-guide/recovery.md). */
export function tellsWatchers({ version }: Pick<RestoreDatastoreSpec, 'version'>): boolean {
  return !version.startsWith('3.4.');
}

async function verify(parts: RestoreParts, spec: RestoreDatastoreSpec, { existed }: DatastorePrior, context: StepContext): Promise<StepResult> {
  const setup = await fittingSetup(parts, spec, context);
  if (!('name' in setup)) return setup;
  const places = dataPlaces(setup.dataDir, spec.token);
  if (!(await isRestored(places, spec.token)) || !(await isThere(join(setup.dataDir, 'member/snap/db')))) return stepFailure('verify-failed', `${setup.dataDir} does not hold what was restored`, setup.dataDir);
  return existed && !(await isThere(places.aside)) ? stepFailure('verify-failed', `${places.aside}, where the data before was put, is gone`, places.aside) : STEP_OK;
}

async function revert(parts: RestoreParts, spec: RestoreDatastoreSpec, { existed, ran }: DatastorePrior, context: StepContext): Promise<StepResult> {
  const setup = await fittingSetup(parts, spec, context);
  if (!('name' in setup)) return setup;
  const places = dataPlaces(setup.dataDir, spec.token);
  // Whether it was held yet, and whatever it runs on by now.
  if ((await isThere(places.aside)) || (await isRestored(places, spec.token)) || !(await isDatastoreWanted(parts, setup, context))) {
    const held = await holdDatastore(parts, setup, spec.timeoutMs, context);
    if (!held.ok) return held;
  }
  if (!(await switchBack(places, spec.token, existed))) return stepFailure('revert-failed', `the data before is neither in ${setup.dataDir} nor in ${places.aside}, or both have some; etcd stays stopped`, places.aside);
  if (ran) return releaseDatastore(parts, setup, context);
  await unholdDatastore(parts, setup);
  return STEP_OK;
}

async function canRevert(parts: RestoreParts, spec: RestoreDatastoreSpec, { existed }: DatastorePrior, context: StepContext): Promise<StepResult> {
  const setup = await fittingSetup(parts, spec, context);
  if (!('name' in setup)) return setup;
  const places = dataPlaces(setup.dataDir, spec.token);
  const kept = !existed || (await isThere(places.aside)) || ((await isThere(join(setup.dataDir, 'member'))) && !(await isRestored(places, spec.token)));
  return kept ? STEP_OK : stepFailure('prior-unavailable', 'the data before is gone', setup.dataDir);
}
