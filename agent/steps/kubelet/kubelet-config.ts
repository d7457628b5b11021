import type { KubeletConfigSpec } from '../../../shared/domain/steps/kubeadm-spec.ts';
import { isOwed, owe, settleOwed } from '../owed.ts';
import { captureSpace, releaseSpace } from '../packages/reserve.ts';
import { isUp, looksAtKnown } from '../prove-unit.ts';
import { type CaptureResult, type CheckResult, STEP_OK, type StepContext, type StepExecutor, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import { copiesFolder, copiesKept } from '../files/copies-kept.ts';
import { copyPaths, isAsCopied, type PathCopy, restorePaths } from '../files/path-copies.ts';
import { rewriteFile } from '../files/place-file.ts';
import { changedSince, keepTheirs, rememberWritten } from '../files/written-files.ts';
import { asItWas, captureKubelet, kubeletNotFound, type KubeletPrior, wasRestarted } from './kubelet-prior.ts';
import { hasFields, withFields } from '../yaml-mapping.ts';
import { readKubeletConfig } from './kubelet-configuration.ts';
import { KUBELET_UNIT, type KubeletParts, proveKubelet } from './prove-kubelet.ts';
import { restartKubelet, stopKubelet } from './restart-kubelet.ts';

export interface KubeletConfigPrior {
  readonly kubelet: KubeletPrior;
  readonly copies: readonly PathCopy[];
}

type Parts = KubeletParts & { readonly configFile: string };

/**
 * Sets fields in the kubelet's own file, for this node alone: `kubeadm upgrade` writes the file anew from what the cluster
 * keeps, so a step like this stands after it. Kubelets read it only when they start.
 */
export function kubeletConfigStep(parts: Parts): StepExecutor<KubeletConfigSpec, KubeletConfigPrior> {
  return {
    kind: 'kubelet_config',
    stage: async () => STEP_OK,
    check: (spec, context) => check(parts, spec, context),
    capture: (_spec, context) => capture(parts, context),
    apply: (spec, prior, context) => apply(parts, spec, prior, context),
    verify: (spec, prior, context) => verify(parts, spec, prior, context),
    revert: (spec, prior, context) => revert(parts, spec, prior, context),
    canRevert: (_spec, { copies }, context) => copiesKept(copies, copiesFolder(context)),
  };
}

async function check({ units, configFile }: Parts, spec: KubeletConfigSpec, { signal, folder }: StepContext): Promise<CheckResult> {
  if ((await units.look(KUBELET_UNIT, signal)) === null) return kubeletNotFound();
  const config = await readKubeletConfig(configFile);
  if (config === null) return unreadable(configFile);
  if ((await withFields(config, spec.set)) === null) return stepFailure('config-unreadable', `the fields cannot be set in ${configFile} without changing something else; mend the file by hand`, configFile);
  return { ok: true, state: hasFields(config, spec.set) && !(await isOwed(folder)) ? 'satisfied' : 'needed' };
}

async function capture(parts: Parts, context: StepContext): Promise<CaptureResult<KubeletConfigPrior>> {
  const kubelet = await captureKubelet(parts, context);
  if (!kubelet.ok) return kubelet;
  const copies = await copyPaths([parts.configFile], copiesFolder(context));
  await captureSpace(context.folder, []);
  return { ok: true, prior: { kubelet: kubelet.prior, copies } };
}

async function apply({ units, configFile }: Parts, spec: KubeletConfigSpec, { copies }: KubeletConfigPrior, context: StepContext): Promise<StepResult> {
  const config = await readKubeletConfig(configFile);
  if (config === null) return unreadable(configFile);
  const text = await withFields(config, spec.set);
  if (text === null) return unreadable(configFile);
  await owe(context.folder);
  if (!hasFields(config, spec.set)) {
    await rememberWritten([{ path: configFile, text }], copies, context);
    await rewriteFile(configFile, text);
  }
  const restarted = await restartKubelet(units, context);
  if (restarted.ok) await settleOwed(context.folder);
  return restarted;
}

/** Where the file was right all along nothing was restarted, and what runs is proved as it is. */
async function verify(parts: Parts, spec: KubeletConfigSpec, prior: KubeletConfigPrior, context: StepContext): Promise<StepResult> {
  const config = await readKubeletConfig(parts.configFile);
  if (config === null) return unreadable(parts.configFile);
  if (!hasFields(config, spec.set)) return stepFailure('verify-failed', `${parts.configFile} has not the fields that were set`, parts.configFile);
  const changed = !(await Promise.all(prior.copies.map(isAsCopied))).every(Boolean);
  const restarted = changed ? await wasRestarted(parts, prior.kubelet, context) : STEP_OK;
  if (!restarted.ok) return restarted;
  return proveKubelet(parts, { ...asItWas(prior.kubelet), ready: true, apiSilentMs: null }, spec, context);
}

async function revert(parts: Parts, spec: KubeletConfigSpec, prior: KubeletConfigPrior, context: StepContext): Promise<StepResult> {
  await releaseSpace(context.folder);
  const differs = !(await Promise.all(prior.copies.map(isAsCopied))).every(Boolean);
  // A revert that is cut off between the file and the restart is called again.
  if (differs) await owe(context.folder);
  for (const changed of await changedSince(prior.copies, context)) await keepTheirs(changed, context);
  const lost = await restorePaths(prior.copies, copiesFolder(context));
  if (lost.length > 0) return stepFailure('revert-failed', `${lost.join(', ')} cannot be brought back, the copy is gone`, lost[0]);
  if (!isUp(prior.kubelet.unit)) return stopKubelet(parts.units, context);
  if (!(await isOwed(context.folder))) return STEP_OK;
  const restarted = await restartKubelet(parts.units, context);
  if (!restarted.ok) return restarted;
  const proved = await proveKubelet(parts, asItWas(prior.kubelet), looksAtKnown(spec), context);
  if (proved.ok) await settleOwed(context.folder);
  return proved;
}

function unreadable(path: string): StepFailure {
  return stepFailure('config-unreadable', `${path} is no configuration of a kubelet that can be read; mend it by hand`, path);
}
