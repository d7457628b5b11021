import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import { CONTAINERD_UNIT, type ContainerdSettings, type ContainerdSpec } from '../../../shared/domain/steps/containerd-spec.ts';
import type { UnitLook } from '../../ports/units.ts';
import { missingFolders, removeMadeFolders } from '../files/made-folders.ts';
import { copiesFolder, copiesKept } from '../files/copies-kept.ts';
import { copyPaths, type PathCopy, restorePaths } from '../files/path-copies.ts';
import { answerOnceUp } from '../answer-once-up.ts';
import { changedSince, rememberWritten } from '../files/written-files.ts';
import { isOwed, owe, settleOwed } from '../owed.ts';
import { isUp, looksAtKnown } from '../prove-unit.ts';
import { captureSpace, releaseSpace } from '../packages/reserve.ts';
import { refuseRuntimeInUse } from '../refuse-runtime-in-use.ts';
import { type CaptureResult, type CheckResult, STEP_OK, type StepContext, type StepExecutor, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import { refuseDeprecated } from './deprecations.ts';
import { noteDowntime, noteRestartSinceGuard, rememberGuarded } from './downtime.ts';
import type { ConfigDraft, DraftParts } from './draft-config.ts';
import { installedContainerd } from './installed-containerd.ts';
import type { ContainerdProofParts } from './prove-containerd.ts';
import { refuseBoundDocker } from './refuse-bound-docker.ts';

/** containerd as it was found. */
export interface ContainerdPrior {
  readonly unit: UnitLook;
  /** Where CRI answered; null where it did not. */
  readonly endpoint: string | null;
  readonly copies: readonly PathCopy[];
  /** Were not there; outermost first. */
  readonly folders: readonly string[];
}

export type ContainerdParts = DraftParts & ContainerdProofParts;

/**
 * `configure` edits the configuration that is there, has containerd itself read the draft, restarts it and asks its CRI.
 * Containers go on running: the unit's restart leaves them alone. `guard` stands before the steps that change what containerd
 * runs: going back through it, when those are back, restarts it on them.
 */
export function containerdStep(parts: ContainerdParts): StepExecutor<ContainerdSpec, ContainerdPrior> {
  return {
    kind: 'containerd',
    stage: (spec, context) => stage(parts, spec, context),
    check: (spec, context) => check(parts, spec, context),
    capture: (spec, context) => capture(parts, spec, context),
    apply: async (spec, prior, context) => (spec.action === 'guard' ? STEP_OK : apply(parts, spec, prior, context)),
    verify: async (spec, prior, context) => (spec.action === 'guard' ? STEP_OK : verify(parts, spec, prior, context)),
    revert: (spec, prior, context) => revert(parts, spec, prior, context),
    canRevert: (_spec, { copies }, context) => copiesKept(copies, copiesFolder(context)),
  };
}

/** What reads TOML is loaded here, and nowhere before: the agent itself never needs it. */
function editor() {
  return Promise.all([import('./draft-config.ts'), import('./place-config.ts'), import('./prove-containerd.ts'), import('./undo-config.ts')]).then(([draft, place, prove, undo]) => ({ ...draft, ...place, ...prove, ...undo }));
}

/** Kinds of step that may bring containerd, its runtimes or its files: behind one, only its own turn can say. */
const BRINGING: readonly StepSpec['kind'][] = ['packages', 'files', 'hook', 'containerd'];

async function stage(parts: ContainerdParts, { action, settings }: ContainerdSpec, context: StepContext): Promise<StepResult> {
  if (context.earlier.some(({ spec }) => BRINGING.includes(spec.kind))) return STEP_OK;
  if (action === 'guard') return (await refuseRestart(parts, context)) ?? STEP_OK;
  const { draftConfig, proveDraft } = await editor();
  const draft = await draftConfig(parts, settings, context);
  if (!draft.ok) return draft;
  const refused = (await refuseNow(parts, draft, settings, context)) ?? (draft.isNew ? await refuseBoundDocker(parts.run, context) : null);
  if (refused !== null) return refused;
  // Imports that are relative to the configuration's folder can be proved only there.
  if (!draft.isNew || draft.text === null || /^\s*imports\s*=\s*\[[^\]]*["'][^/"'\],\s]/m.test(draft.text)) return STEP_OK;
  return proveDraft(parts.run, draft.containerd.program, { path: join(context.folder, 'draft.toml'), text: draft.text }, settings, context);
}

async function check(parts: ContainerdParts, { action, settings }: ContainerdSpec, context: StepContext): Promise<CheckResult> {
  if ((await parts.units.look(CONTAINERD_UNIT, context.signal)) === null) return unitNotFound();
  if (action === 'guard') return (await refuseRestart(parts, context)) ?? { ok: true, state: 'satisfied' };
  const { draftConfig } = await editor();
  const draft = await draftConfig(parts, settings, context);
  if (!draft.ok) return draft;
  const isStale = draft.isNew || (await isOwed(context.folder)) || !(await runsWhatLiesThere(parts, draft, context));
  const refused = (await refuseNow(parts, draft, settings, context)) ?? (isStale ? await refuseBoundDocker(parts.run, context) : null);
  if (refused !== null) return refused;
  for (const { path, was, now } of draft.changes) context.output(`${path.join('.')}: ${shown(was)} -> ${shown(now)}\n`);
  return { ok: true, state: draft.files.length === 0 && !isStale ? 'satisfied' : 'needed' };
}

/** The steps behind a guard restart containerd as its unit is now. One that is not there yet may come with them. */
async function refuseRestart({ run }: ContainerdParts, context: StepContext): Promise<StepFailure | null> {
  const containerd = await installedContainerd(run, context);
  return containerd.ok || containerd.outcome.code !== 'not-allowed' ? refuseBoundDocker(run, context) : containerd;
}

/** What only containerd itself can say, while it runs as it was. */
async function refuseNow(parts: ContainerdParts, draft: ConfigDraft, { alsoFor, removeRuntimes }: ContainerdSettings, context: StepContext): Promise<StepFailure | null> {
  const deprecated = await refuseDeprecated(parts.run, draft.containerd, alsoFor, context);
  if (deprecated !== null || removeRuntimes.length === 0 || draft.endpoint === null) return deprecated;
  const cri = parts.criAt(draft.endpoint);
  await answerOnceUp(parts, { unit: CONTAINERD_UNIT, cri }, context);
  return refuseRuntimeInUse(cri, removeRuntimes, context);
}

/** Was the process started after the file was written? In doubt it is restarted. */
async function runsWhatLiesThere({ units, clock }: ContainerdParts, { containerd }: ConfigDraft, { signal }: StepContext): Promise<boolean> {
  const look = await units.look(CONTAINERD_UNIT, signal);
  if (look?.activeState !== 'active') return false;
  const written = await lstat(containerd.configFile).catch(() => null);
  return written === null || written.mtimeMs < clock.wallUnixMs() - (clock.monotonicMs() - look.startedMs);
}

async function capture(parts: ContainerdParts, { action, settings }: ContainerdSpec, context: StepContext): Promise<CaptureResult<ContainerdPrior>> {
  const unit = await parts.units.look(CONTAINERD_UNIT, context.signal);
  if (unit === null) return unitNotFound();
  const { draftConfig, endpointNow } = await editor();
  const endpoint = await endpointNow(parts, context);
  const answered = endpoint !== null && (await answerOnceUp(parts, { unit: CONTAINERD_UNIT, cri: parts.criAt(endpoint) }, context)) ? endpoint : null;
  if (action === 'guard') await rememberGuarded(unit, context);
  if (action === 'guard') return { ok: true, prior: { unit, endpoint: answered, copies: [], folders: [] } };
  const draft = await draftConfig(parts, settings, context);
  if (!draft.ok) return draft;
  const copies = await copyPaths(draft.paths, copiesFolder(context));
  await captureSpace(context.folder, []);
  return { ok: true, prior: { unit, endpoint: answered, copies, folders: await missingFolders(draft.paths) } };
}

async function apply(parts: ContainerdParts, { settings, timeoutMs }: ContainerdSpec, { endpoint, copies }: ContainerdPrior, context: StepContext): Promise<StepResult> {
  const { draftConfig, placeConfig } = await editor();
  const draft = await draftConfig(parts, settings, context);
  if (!draft.ok) return draft;
  if (draft.isNew) await owe(context.folder);
  const config = draft.files.find(({ path }) => path === draft.containerd.configFile);
  if (config !== undefined) await rememberWritten([config], copies, context);
  const placed = await placeConfig(parts.run, draft, settings, context);
  if (!placed.ok) return placed;
  // Registries are read at every pull: for them alone nothing is restarted.
  const isStale = (await isOwed(context.folder)) || !(await runsWhatLiesThere(parts, draft, context));
  if (!isStale) return STEP_OK;
  const beganMs = parts.clock.monotonicMs();
  const restarted = await restart(parts, context);
  return restarted.ok && endpoint !== null && draft.endpoint !== null ? noteDowntime(parts, draft.endpoint, { beganMs, timeoutMs }, context) : restarted;
}

async function verify(parts: ContainerdParts, spec: ContainerdSpec, { unit }: ContainerdPrior, context: StepContext): Promise<StepResult> {
  const { draftConfig, proveContainerd } = await editor();
  const draft = await draftConfig(parts, spec.settings, context);
  if (!draft.ok) return draft;
  const [wrong] = draft.files;
  if (wrong !== undefined) return stepFailure('verify-failed', `${wrong.path} is not what the plan makes of it`, wrong.path);
  const proved = await proveContainerd(parts, draft.endpoint, { version: draft.containerd.version, settings: spec.settings }, spec, context);
  return proved.ok ? noteRestartSinceGuard(unit, context) : proved;
}

async function revert(parts: ContainerdParts, spec: ContainerdSpec, prior: ContainerdPrior, context: StepContext): Promise<StepResult> {
  const { units } = parts;
  await releaseSpace(context.folder);
  const [changed] = await changedSince(prior.copies, context);
  const isUndone = changed !== undefined && (await (await editor()).undoConfig(parts.run, changed, context));
  const lost = await restorePaths(isUndone ? prior.copies.filter(({ path }) => path !== changed.path) : prior.copies, copiesFolder(context));
  if (lost.length > 0) return stepFailure('revert-failed', `${lost.join(', ')} cannot be brought back, the copy is gone`, lost[0]);
  await removeMadeFolders(prior.folders, context);
  const now = await units.look(CONTAINERD_UNIT, context.signal);
  if (!isUp(prior.unit)) {
    const said = now === null || !isUp(now) ? '' : await units.stop(CONTAINERD_UNIT, context.signal);
    return said === '' ? STEP_OK : stepFailure('revert-failed', `${CONTAINERD_UNIT} was not running before and cannot be stopped: ${said}`, CONTAINERD_UNIT);
  }
  if (now === null) return unitNotFound();
  // The process that was found has read nothing of ours. Any other has, or was owed to by an apply that was cut off.
  const isSame = isUp(now) && now.startedMs === prior.unit.startedMs;
  if (spec.action === 'configure' && isSame && !(await isOwed(context.folder))) return STEP_OK;
  const restarted = await restart(parts, context);
  if (!restarted.ok) return restarted;
  const { proveContainerd } = await editor();
  return proveContainerd(parts, prior.endpoint, null, looksAtKnown(spec), context);
}

/** CRI comes up after the unit says that it is up: on a small host whatever we do meanwhile would keep it from that. */
const LEFT_ALONE_MS = 500;

async function restart({ units, clock }: ContainerdParts, context: StepContext): Promise<StepResult> {
  await owe(context.folder);
  const said = await units.restart(CONTAINERD_UNIT, context.signal);
  if (said === '') {
    await clock.sleep(LEFT_ALONE_MS, context.signal);
    await settleOwed(context.folder);
    return STEP_OK;
  }
  context.output(await units.lastLines(CONTAINERD_UNIT, context.signal));
  return stepFailure('unit-crashed', `${CONTAINERD_UNIT} does not start: ${said}`, CONTAINERD_UNIT);
}

function unitNotFound(): ReturnType<typeof stepFailure> {
  return stepFailure('unit-not-found', `systemd knows no unit ${CONTAINERD_UNIT} that could run; install containerd first, and see that its unit is not masked`, CONTAINERD_UNIT);
}

function shown(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value);
}
