import { join } from 'node:path';

import type { CriProbeSpec } from '../../../shared/domain/steps/cri-probe-spec.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { Artifacts } from '../../ports/artifacts.ts';
import type { Cri } from '../../ports/cri.ts';
import type { ImageStore } from '../../ports/image-store.ts';
import { removeAdded } from '../images/remove-added.ts';
import { fetchedFolder, stageArchives } from '../images/stage-archives.ts';
import { priorOf, type PriorImage } from '../images/store-images.ts';
import { readStored } from '../images/stored-images.ts';
import { isOwed, owe, settleOwed } from '../owed.ts';
import { type CaptureResult, STEP_OK, type StepContext, type StepExecutor, type StepResult, stepFailure } from '../step.ts';
import { PROBE_LABEL, runProbe } from './run-probe.ts';

export interface ProbedRuntime {
  readonly cri: Cri;
  readonly store: ImageStore;
  /** Where it keeps its images. */
  readonly folder: string;
}

export interface CriProbeParts {
  readonly runtimes: Readonly<Record<CriProbeSpec['runtime'], ProbedRuntime>>;
  readonly artifacts: Artifacts;
  readonly clock: Clock;
}

/** The probe's image as it was found. */
export interface CriProbePrior {
  readonly image: PriorImage;
}

/**
 * Proves a runtime by what it runs: apply changes nothing, verify runs the image and removes all of it again. What a probe that
 * was cut off left is removed by the next one, or when it is put back.
 */
export function criProbeStep(parts: CriProbeParts): StepExecutor<CriProbeSpec, CriProbePrior> {
  return {
    kind: 'cri_probe',
    stage: async ({ image, archive, runtime }, context) => {
      if (archive === null) return STEP_OK;
      return stageArchives({ archives: [{ ...archive, images: [image] }], keptIn: parts.runtimes[runtime].folder }, parts.artifacts, context);
    },
    check: async () => ({ ok: true, state: 'needed' }),
    capture: (spec, context) => capture(parts, spec, context),
    apply: async () => STEP_OK,
    verify: (spec, prior, context) => verify(parts, spec, prior, context),
    revert: (spec, prior, context) => revert(parts, spec, prior, context),
    canRevert: async () => STEP_OK,
  };
}

async function capture({ runtimes, clock }: CriProbeParts, { runtime, image, archive }: CriProbeSpec, context: StepContext): Promise<CaptureResult<CriProbePrior>> {
  const stored = await readStored({ ...runtimes[runtime], clock }, [image.name], context);
  if (!stored.ok) return stored;
  const prior = priorOf(image, stored);
  if (prior.was === null && archive === null) return stepFailure('image-unknown', `${runtime} has no image ${image.name}; bring it by an images step before this one, or name its archive here`, image.name);
  if (prior.was !== null && prior.was !== image.id) return stepFailure('image-mismatch', `${image.name} is ${prior.was || 'not for this platform'} on this host, the plan says ${image.id}`, image.name);
  return { ok: true, prior: { image: prior } };
}

async function verify(parts: CriProbeParts, spec: CriProbeSpec, prior: CriProbePrior, context: StepContext): Promise<StepResult> {
  await owe(context.folder);
  const probed = await probe(parts, spec, prior, context).catch((error: unknown) => error);
  // Also when time is up: what ran there must not stay.
  const cleared = await clear(parts, spec, prior, { ...context, signal: AbortSignal.timeout(CLEAR_MAX_MS) });
  if (!isResult(probed)) throw probed;
  return probed.ok ? cleared : probed;
}

const CLEAR_MAX_MS = 60_000;

function isResult(value: unknown): value is StepResult {
  return typeof value === 'object' && value !== null && 'ok' in value;
}

async function probe(parts: CriProbeParts, spec: CriProbeSpec, prior: CriProbePrior, context: StepContext): Promise<StepResult> {
  const brought = prior.image.was === null ? await bringImage(parts, spec, context) : STEP_OK;
  return brought.ok ? runProbe(parts.runtimes[spec.runtime].cri, spec, context) : brought;
}

async function bringImage({ runtimes, clock }: CriProbeParts, { runtime, image, archive }: CriProbeSpec, context: StepContext): Promise<StepResult> {
  const { store } = runtimes[runtime];
  const said = archive === null ? 'no archive is named' : await store.importArchive(join(fetchedFolder(context), archive.sha256), context);
  if (said !== '') return stepFailure('image-unknown', `${image.name} cannot be imported: ${said}`, image.name);
  const stored = await readStored({ ...runtimes[runtime], clock }, [image.name], context);
  if (!stored.ok) return stored;
  const came = stored.ids.get(image.name);
  return came === image.id ? STEP_OK : stepFailure('image-mismatch', `${image.name} came as ${came ?? 'nothing'}, not as ${image.id}`, image.name);
}

/** Pods, and an image that came for the probe alone. */
async function clear({ runtimes, clock }: CriProbeParts, { runtime, handler }: CriProbeSpec, { image }: CriProbePrior, context: StepContext): Promise<StepResult> {
  const { cri } = runtimes[runtime];
  const said = await cri.removePods(PROBE_LABEL, context.signal);
  const left = said === '' ? await cri.countPods(PROBE_LABEL, context.signal) : { ok: false as const, why: said };
  if (!left.ok || left.count > 0) return stepFailure('runtime-unready', `what the probe ran cannot be removed: ${left.ok ? `${left.count} are still there` : left.why}`, handler);
  const removed = image.was === null ? await removeAdded({ ...runtimes[runtime], clock }, [image], context) : STEP_OK;
  if (removed.ok) await settleOwed(context.folder);
  return removed;
}

const ANSWER_MAX_MS = 30_000;
const ANSWER_EVERY_MS = 1000;

/**
 * Where nothing was left there is nothing to ask. A runtime that does not answer is most likely what is being reverted, and its
 * own step comes next: holding it up here would leave the host on what broke it.
 */
async function revert(parts: CriProbeParts, spec: CriProbeSpec, prior: CriProbePrior, context: StepContext): Promise<StepResult> {
  if (!(await isOwed(context.folder))) return STEP_OK;
  const { cri } = parts.runtimes[spec.runtime];
  const until = parts.clock.monotonicMs() + ANSWER_MAX_MS;
  let seen = await cri.look(context.signal);
  while (!seen.reached && parts.clock.monotonicMs() < until) {
    await parts.clock.sleep(ANSWER_EVERY_MS, context.signal);
    seen = await cri.look(context.signal);
  }
  if (seen.reached) return clear(parts, spec, prior, context);
  context.output(`${seen.why}; what the probe left is there still, if anything: \`crictl pods --label farrier.probe=true\`\n`);
  return STEP_OK;
}
