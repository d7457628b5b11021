import { access, rm } from 'node:fs/promises';

import type { PackagesSpec } from '../../../shared/domain/step-spec.ts';
import { writeDurably } from '../../../shared/files/write-durably.ts';
import type { DistributedConffile, PackageState, PackageSystem } from '../../ports/package-system.ts';
import { type CaptureResult, type CheckResult, STEP_OK, type StepContext, type StepExecutor, type StepResult, stepFailure } from '../step.ts';
import { type FileCopy, hasCopy } from '../files/file-copy.ts';
import { captureSpace, releaseSpace } from './reserve.ts';
import { settleConffiles } from './settle-conffiles.ts';
import { copyConffiles, restoreConffiles } from './conffile-copies.ts';
import { applyRemoval, captureRemoval, checkRemoval, isRemoval, stageRemoval, verifyRemoval } from './remove-packages.ts';
import { stagePackages } from './stage.ts';
import { damaged, readStaged, type Staged } from './staged.ts';

/** Everything that the transaction changes, as it was found. */
export interface PackagesPrior {
  readonly packages: readonly PackageState[];
  readonly conffiles: readonly FileCopy[];
  /** As the old versions brought them. */
  readonly distributed: readonly DistributedConffile[];
  /** Of a removal: what nothing needs any more afterwards, which stays. */
  readonly orphans?: readonly PackageState[];
}

/** Brings packages to exact versions, or takes some away, and back. Only staging needs the network. */
export function packagesStep(system: PackageSystem): StepExecutor<PackagesSpec, PackagesPrior> {
  return {
    kind: 'packages',
    stage: (spec, context) => (isRemoval(spec) ? stageRemoval(system, spec, context) : stagePackages(system, spec, context)),
    check: (spec, context) => (isRemoval(spec) ? checkRemoval(system, spec, context) : check(system, spec, context)),
    capture: (spec, context) => (isRemoval(spec) ? captureRemoval(system, spec, conffileFolder(context), context) : capture(system, spec, context)),
    apply: (spec, prior, context) => system.exclusively(() => apply(system, spec, prior, context), context),
    verify: (spec, prior, context) => (isRemoval(spec) ? verifyRemoval(system, spec, prior, context) : verify(system, spec, prior, context)),
    revert: (spec, prior, context) => system.exclusively(() => revert(system, spec, prior, context), context),
    // A transaction takes holds away until its end: half-way a host would follow whatever its sources bring.
    whenHeld: (spec, prior, context) => system.exclusively(() => giveHoldsBack(system, spec, prior, context), context),
    canRevert: (spec, prior, context) => canRevert(spec, prior, context),
  };
}

async function check(system: PackageSystem, spec: PackagesSpec, context: StepContext): Promise<CheckResult> {
  const staged = await stagedFor(spec, context);
  if (!staged.ok) return staged;
  const states = await system.status(spec.install.map(({ name }) => name), context);
  const there = spec.install.every(({ version }, index) => states[index]?.state === 'installed' && states[index]?.version === version);
  return { ok: true, state: there && !(await wasBegun(context)) && (await system.broken(context)).length === 0 ? 'satisfied' : 'needed' };
}

async function capture(system: PackageSystem, spec: PackagesSpec, context: StepContext): Promise<CaptureResult<PackagesPrior>> {
  const found = await stagedFor(spec, context);
  if (!found.ok) return found;
  const { staged } = found;
  const file = await damaged([...staged.newFiles, ...staged.oldFiles]);
  if (file !== null) return stepFailure('prior-unavailable', `${file} is gone or damaged since it was staged; start again`, file);
  const broken = await system.broken(context);
  if (broken.length > 0) return stepFailure('package-system-broken', `${broken.join(', ')} is half-installed already; ${system.repair} first`, broken[0]);
  const packages = await system.status(staged.changes.map(({ name }) => name), context);
  const moved = staged.changes.find(({ from }, index) => packages[index]?.version !== from);
  if (moved !== undefined) return stepFailure('prior-unavailable', `${moved.name} was ${moved.from ?? 'not installed'} when it was staged and is not any more; start again`, moved.name);
  const paths = staged.newFiles.flatMap(({ conffiles }) => conffiles);
  const distributed: DistributedConffile[] = [];
  for (const { name, version } of packages) if (version !== null) distributed.push(...(await system.conffilesOf(name, context)));
  const conffiles = await copyConffiles([...paths, ...distributed.map(({ path }) => path)], system.conffileSuffixes, conffileFolder(context));
  await captureSpace(context.folder, staged.oldFiles);
  return { ok: true, prior: { packages, conffiles, distributed } };
}

/** Also where an earlier attempt was cut off anywhere in it. */
async function apply(system: PackageSystem, spec: PackagesSpec, prior: PackagesPrior, context: StepContext): Promise<StepResult> {
  const found = await stagedFor(spec, context);
  if (!found.ok) return found;
  const { newFiles } = found.staged;
  const again = await wasBegun(context);
  if (isRemoval(spec)) {
    await writeDurably(begunMark(context), '');
    return applyRemoval(system, spec, prior, begunMark(context), context);
  }
  // What cannot be mended so is often what the new versions mend together: the transaction decides.
  if (again) await system.repeat(newFiles, spec.conffiles, context);
  await writeDurably(begunMark(context), '');
  const installed = await system.install(newFiles, spec.conffiles, context);
  // Nothing was begun behind somebody else's lock, and going back is not to wait for it.
  if (!installed.ok && installed.outcome.code === 'lock-held' && !again) await rm(begunMark(context));
  if (!installed.ok) return installed;
  await settleConffiles(system, { policy: spec.conffiles, files: newFiles, before: prior.distributed, copies: prior.conffiles, copyFolder: conffileFolder(context) }, context);
  return system.mark(marksAfter(spec, prior), context);
}

async function verify(system: PackageSystem, spec: PackagesSpec, prior: PackagesPrior, context: StepContext): Promise<StepResult> {
  const found = await stagedFor(spec, context);
  if (!found.ok) return found;
  const marks = marksAfter(spec, prior);
  const states = await system.status(found.staged.changes.map(({ name }) => name), context);
  for (const [index, { name, to }] of found.staged.changes.entries()) {
    const state = states[index];
    const mark = marks.find((one) => one.name === name);
    if (state?.state !== 'installed' || state.version !== to) return stepFailure('verify-failed', `${name} is ${describe(state)}, not ${to}`, name);
    if (state.hold !== mark?.hold || state.auto !== mark.auto) return stepFailure('verify-failed', `the hold or mark of ${name} is not as it was found`, name);
  }
  const broken = await system.broken(context);
  return broken.length === 0 ? STEP_OK : stepFailure('verify-failed', `${broken.join(', ')} is half-installed`, broken[0]);
}

async function revert(system: PackageSystem, spec: PackagesSpec, prior: PackagesPrior, context: StepContext): Promise<StepResult> {
  const found = await stagedFor(spec, context);
  if (!found.ok) return found;
  const enough = enoughToGoBack(found.staged, prior);
  if (!enough.ok) return enough;
  await releaseSpace(context.folder);
  // Before, so that the old version starts with its own configuration; after, because the package system may have had its say.
  await restoreConffiles(prior.conffiles, conffileFolder(context));
  // What was begun may be half on disk where the package system's own database knows nothing of it: rpm writes that last.
  if ((await wasBegun(context)) || !(await isBack(system, prior, context))) {
    const of = (state: PackageState['state']): readonly string[] => prior.packages.filter((one) => one.state === state).map(({ name }) => name);
    const back = await system.putBack({ files: found.staged.oldFiles, purge: of('absent'), remove: of('config-files') }, context);
    if (!back.ok) return back;
  }
  const lost = await restoreConffiles(prior.conffiles, conffileFolder(context));
  if (lost.length > 0) return stepFailure('revert-failed', `${lost.join(', ')} cannot be brought back, the copies are gone or damaged`, lost[0]);
  const marked = await system.mark([...prior.packages.filter(({ version }) => version !== null), ...(prior.orphans ?? [])], context);
  if (!marked.ok) return marked;
  return (await isBack(system, prior, context)) ? STEP_OK : stepFailure('revert-failed', 'the packages are not as they were found');
}

async function giveHoldsBack(system: PackageSystem, spec: PackagesSpec, prior: PackagesPrior, context: StepContext): Promise<StepResult> {
  const states = await system.status(prior.packages.map(({ name }) => name), context);
  return system.mark(marksAfter(spec, prior).filter((_, index) => (states[index]?.version ?? null) !== null), context);
}

/** Looked at before a node is drained for it: what was kept may have lain there for weeks. */
async function canRevert(spec: PackagesSpec, prior: PackagesPrior, context: StepContext): Promise<StepResult> {
  const found = await stagedFor(spec, context);
  if (!found.ok) return found;
  const enough = enoughToGoBack(found.staged, prior);
  if (!enough.ok) return enough;
  const file = await damaged(found.staged.oldFiles);
  if (file !== null) return stepFailure('prior-unavailable', `${file} is gone or damaged`, file);
  for (const copy of prior.conffiles) {
    if (!(await hasCopy(copy, conffileFolder(context)))) return stepFailure('prior-unavailable', `the copy of ${copy.path} is gone or damaged`, copy.path);
  }
  return STEP_OK;
}

async function isBack(system: PackageSystem, prior: PackagesPrior, context: StepContext): Promise<boolean> {
  const states = await system.status(prior.packages.map(({ name }) => name), context);
  return prior.packages.every((was, index) => states[index]?.state === was.state && states[index]?.version === was.version)
    && (await system.broken(context)).length === 0;
}

/** Holds and marks as found; what is new is manual where the plan asked for it, else automatic. */
function marksAfter(spec: PackagesSpec, prior: PackagesPrior): readonly Pick<PackageState, 'name' | 'hold' | 'auto'>[] {
  return prior.packages.map(({ name, version, hold, auto }) => ({ name, hold, auto: version === null ? !spec.install.some((one) => one.name === name) : auto }));
}

function enoughToGoBack(staged: Staged, prior: PackagesPrior): StepResult {
  const lacking = prior.packages.find(({ name, version }) => version !== null && !staged.oldFiles.some((file) => file.name === name && file.version === version));
  return lacking === undefined ? STEP_OK : stepFailure('prior-unavailable', `${lacking.name} ${lacking.version} was not kept`, lacking.name);
}

async function stagedFor(spec: PackagesSpec, context: StepContext): Promise<{ readonly ok: true; readonly staged: Staged } | ReturnType<typeof stepFailure>> {
  const staged = await readStaged(context.folder, JSON.stringify(spec));
  return staged === null ? stepFailure('prior-unavailable', 'nothing is staged for this step') : { ok: true, staged };
}

/** Lies there from the first transaction on: one that was cut off is done again as a whole. */
function begunMark(context: StepContext): string {
  return `${context.folder}/begun`;
}

async function wasBegun(context: StepContext): Promise<boolean> {
  return access(begunMark(context)).then(() => true, () => false);
}

function conffileFolder(context: StepContext): string {
  return `${context.folder}/conffiles`;
}

function describe(state: PackageState | undefined): string {
  return state?.version === null || state === undefined ? 'not installed' : `${state.state} at ${state.version}`;
}
