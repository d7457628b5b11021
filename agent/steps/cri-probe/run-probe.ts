import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { CriProbeSpec } from '../../../shared/domain/steps/cri-probe-spec.ts';
import type { Cri, PodEnd, PodLabel } from '../../ports/cri.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';

/** One assignment runs on a host at a time: whatever carries it is this probe's, or was left by one that was cut off. */
export const PROBE_LABEL: PodLabel = { key: 'farrier.probe', value: 'true' };

/** A kubelet removes pods that no API server knows of: one that looked at the wrong moment is no verdict. */
const ATTEMPTS_MAX = 3;
const SHOWN_MAX = 200;

/** Runs the image until it writes what is expected. What it made stays for the caller to remove. */
export async function runProbe(cri: Cri, spec: CriProbeSpec, context: StepContext): Promise<StepResult> {
  let end: PodEnd = { ok: false, why: 'it was never run' };
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const said = await cri.removePods(PROBE_LABEL, context.signal);
    if (said !== '') return stepFailure('runtime-unready', `what an earlier probe left cannot be removed: ${said}`, spec.handler);
    end = await runOnce(cri, spec, attempt, context);
    context.output(end.ok ? `attempt ${attempt}: exit code ${end.exitCode}, output:\n${end.output}\n` : `attempt ${attempt}: ${end.why}\n`);
    if (end.ok && end.output.includes(spec.expect)) return STEP_OK;
  }
  return stepFailure('verify-failed', `${runtimeOf(spec)} ${end.ok ? `runs ${spec.image.name}, and it does not write ${JSON.stringify(spec.expect)} but ${shown(end.output)}` : `does not run ${spec.image.name}: ${end.why}`}`, spec.handler);
}

async function runOnce(cri: Cri, { handler, image, annotations }: CriProbeSpec, attempt: number, { folder, signal }: StepContext): Promise<PodEnd> {
  const logFolder = join(folder, 'probe');
  await rm(logFolder, { recursive: true, force: true });
  await mkdir(logFolder, { mode: 0o700 });
  try {
    return await cri.runPod({ name: 'farrier-probe', uid: `attempt-${attempt}`, label: PROBE_LABEL, handler, image: image.name, annotations: Object.fromEntries(annotations.map(({ key, value }) => [key, value])), logFolder }, signal);
  } finally {
    await rm(logFolder, { recursive: true, force: true });
  }
}

function runtimeOf({ handler, runtime }: CriProbeSpec): string {
  return handler === '' ? `the default runtime of ${runtime}` : `runtime ${handler} of ${runtime}`;
}

function shown(output: string): string {
  const text = output.trim();
  return text === '' ? 'nothing' : JSON.stringify(text.slice(0, SHOWN_MAX));
}
