import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

import type { KubeadmSpec } from '../../../shared/domain/steps/kubeadm-spec.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import { manualUpgradeRequired } from '../../../shared/preflight/rules/manual-upgrade-required.ts';
import { writeDurably } from '../../../shared/files/write-durably.ts';
import type { NodeTruth } from '../../ports/node-truth.ts';
import type { RunProgram } from '../../ports/programs.ts';
import { holdControlPlane } from '../kubelet/hold-control-plane.ts';
import { isOwed, owe, settleOwed } from '../owed.ts';
import { captureSpace, releaseSpace } from '../packages/reserve.ts';
import { type CaptureResult, type CheckResult, STEP_OK, type StepContext, type StepExecutor, type StepResult, stepFailure } from '../step.ts';
import { invokeKubeadm, kubeadmFailure, kubeadmIsNot } from './invoke-kubeadm.ts';
import { type KubeadmPlaces, kubeletFiles } from './kubeadm-places.ts';
import { isControlPlane, manifestsNotAt } from './manifests.ts';
import { copyNodeFiles, firstDifference, manifestsTouched, type NodeFiles, restoreNodeFiles, returnForAnother, syncNodeFiles } from './node-files.ts';
import { copiesFolder, copiesKept } from '../files/copies-kept.ts';
import { TooMuchToCopy } from '../files/path-copies.ts';
import { upgradeConfiguration } from './upgrade-configuration.ts';
import { parseUpgradePlan } from './upgrade-plan.ts';

export interface KubeadmParts {
  readonly run: RunProgram;
  readonly truth: NodeTruth;
  readonly clock: Clock;
  readonly places: KubeadmPlaces;
}

/** Of the step's time: what is left to say why, before time itself is up. */
const LAST_WORDS_MS = 5000;

/**
 * `kubeadm upgrade apply` on the first control plane, `kubeadm upgrade node` everywhere else. Running it again goes on where
 * it was cut off. On a control plane nothing goes back once a static pod was swapped, for the new one may have written to
 * the datastore what the old one cannot read; before that, and on a worker, every file is put back.
 */
export function kubeadmStep(parts: KubeadmParts): StepExecutor<KubeadmSpec, NodeFiles> {
  const { places } = parts;
  return {
    kind: 'kubeadm',
    // kubeadm itself comes with a package of an earlier step: only its own turn can say.
    stage: async () => STEP_OK,
    check: (spec, context) => check(parts, spec, context),
    capture: (spec, context) => capture(spec, places, context),
    apply: (spec, prior, context) => apply(parts, spec, prior, context),
    verify: (spec, _prior, context) => verify(parts, spec, context),
    revert: (spec, prior, context) => revert(spec, prior, places, context),
    pointOfNoReturn: ({ role }) => (role === 'worker' ? null : 'the first control-plane manifest is swapped'),
    crossed: async ({ role }, prior) => role !== 'worker' && (await manifestsTouched(prior, places)),
    canRevert: (_spec, prior, context) => copiesKept(prior.copies, copiesFolder(context)),
  };
}

async function check(parts: KubeadmParts, spec: KubeadmSpec, context: StepContext): Promise<CheckResult> {
  const { run, places } = parts;
  const wrong = await kubeadmIsNot(run, spec.version, context);
  if (wrong !== '') return stepFailure('wrong-version', wrong, 'kubeadm');
  // What was begun is finished by running it again, whatever the files look like meanwhile: a manifest may be away.
  if (await isOwed(context.folder)) return { ok: true, state: 'needed' };
  const controlsHere = await isControlPlane(places);
  // Taken for a worker, a control plane would be upgraded as if it could be put back.
  if (controlsHere !== (spec.role !== 'worker')) {
    return stepFailure('role-mismatch', `the plan has this node as ${spec.role}, and it has ${controlsHere ? 'a' : 'no'} manifest of kube-apiserver; give it the role that it has`);
  }
  const unsafe = spec.patches === '' ? '' : await unsafeFolder(spec.patches);
  if (unsafe !== '') return stepFailure('not-allowed', `${spec.patches} ${unsafe}`, spec.patches);
  if (spec.role === 'worker') return { ok: true, state: 'needed' };
  const holds = await holdControlPlane(parts, { version: null, deadlineMs: deadlineOf(parts, spec) }, context);
  if (!holds.ok) return stepFailure('api-unreachable', holds.outcome.message, holds.outcome.object);
  const atTarget = (await manifestsNotAt(spec.version, places)) === '';
  if (spec.role === 'control-plane') return { ok: true, state: atTarget ? 'satisfied' : 'needed' };
  return checkPlan(parts, spec, atTarget, context);
}

/** With its version named, kubeadm asks nobody on the internet which ones there are. */
async function checkPlan({ run }: KubeadmParts, { version, etcdUpgrade, ignorePreflightErrors }: KubeadmSpec, atTarget: boolean, { signal, output }: StepContext): Promise<CheckResult> {
  // It looks at the cluster as apply does, and refuses what apply would.
  const ignored = ignorePreflightErrors.length === 0 ? [] : [`--ignore-preflight-errors=${ignorePreflightErrors.join(',')}`];
  const args = ['upgrade', 'plan', `v${version}`, '-o', 'json', ...ignored];
  const result = await run(['kubeadm', ...args], { signal, output });
  if (result.code !== 0) return kubeadmFailure(result, args, 'kubeadm-refused');
  const plan = parseUpgradePlan(result.stdout, etcdUpgrade);
  if (plan === null) return stepFailure('kubeadm-refused', 'kubeadm upgrade plan did not answer with an UpgradePlan; see its output on the host');
  const [manual] = manualUpgradeRequired(version, plan.configVersions);
  if (manual !== undefined) return stepFailure('manual-upgrade-required', manual.message, manual.object);
  return { ok: true, state: atTarget && plan.outstanding.length === 0 ? 'satisfied' : 'needed' };
}

async function capture(spec: KubeadmSpec, places: KubeadmPlaces, context: StepContext): Promise<CaptureResult<NodeFiles>> {
  try {
    const prior = await copyNodeFiles(spec.role, places, copiesFolder(context));
    await captureSpace(context.folder, []);
    return { ok: true, prior };
  } catch (error) {
    if (error instanceof TooMuchToCopy) return stepFailure('prior-unavailable', `what kubeadm may change cannot be kept: ${error.message}; move what is not kubeadm's elsewhere`);
    throw error;
  }
}

async function apply(parts: KubeadmParts, spec: KubeadmSpec, prior: NodeFiles, context: StepContext): Promise<StepResult> {
  if (await isOwed(context.folder)) {
    // kubeadm needs all manifests and a living API server, and killed between two renames it leaves neither.
    const lost = await returnForAnother(prior, parts.places, copiesFolder(context));
    if (lost.length > 0) return stepFailure('prior-unavailable', `the copy of ${lost.join(', ')} is gone or damaged`, lost[0]);
    const holds = spec.role === 'worker' ? STEP_OK : await holdControlPlane(parts, { version: null, deadlineMs: deadlineOf(parts, spec) }, context);
    if (!holds.ok) return holds;
  }
  const { stringify } = await import('yaml');
  const config = join(context.folder, 'upgrade-configuration.yaml');
  await writeDurably(config, stringify(upgradeConfiguration(spec)));
  await owe(context.folder);
  const verb = spec.role === 'first-control-plane' ? ['apply', `v${spec.version}`, '--yes'] : ['node'];
  const upgraded = await invokeKubeadm(parts.run, ['upgrade', ...verb, '--config', config], 'apply-failed', context);
  if (!upgraded.ok) return upgraded;
  // The mark must not be gone while what it stands for can still be lost.
  await syncNodeFiles(spec.role, parts.places);
  await settleOwed(context.folder);
  return STEP_OK;
}

async function verify(parts: KubeadmParts, spec: KubeadmSpec, context: StepContext): Promise<StepResult> {
  const [config = ''] = kubeletFiles(parts.places);
  const { readKubeletConfig } = await import('../kubelet/kubelet-configuration.ts');
  if ((await readKubeletConfig(config)) === null) return stepFailure('verify-failed', `kubeadm left no configuration for the kubelet in ${config}`, config);
  if (spec.role === 'worker') return STEP_OK;
  const notAt = await manifestsNotAt(spec.version, parts.places);
  if (notAt !== '') return stepFailure('verify-failed', `kubeadm ended, and ${notAt}`, 'kube-apiserver');
  return holdControlPlane(parts, { version: spec.version, deadlineMs: deadlineOf(parts, spec) }, context);
}

async function revert({ role }: KubeadmSpec, prior: NodeFiles, places: KubeadmPlaces, context: StepContext): Promise<StepResult> {
  await releaseSpace(context.folder);
  const lost = await restoreNodeFiles(role, prior, places, copiesFolder(context));
  if (lost.length > 0) return stepFailure('revert-failed', `${lost.join(', ')} cannot be brought back, the copies are gone`, lost[0]);
  const differs = await firstDifference(role, prior, places);
  if (differs !== null) return stepFailure('revert-failed', `${differs} is not as it was found`, differs);
  await settleOwed(context.folder);
  return STEP_OK;
}

/** kubeadm runs what lies there as root's own patches. */
async function unsafeFolder(folder: string): Promise<string> {
  const state = await lstat(folder).catch(() => null);
  if (state?.isDirectory() !== true) return 'is no folder on this host';
  if (state.uid !== 0) return 'is not root’s';
  return (state.mode & 0o022) === 0 ? '' : 'can be written by others than root';
}

function deadlineOf({ clock }: KubeadmParts, { timeoutMs }: KubeadmSpec): number {
  return clock.monotonicMs() + timeoutMs - LAST_WORDS_MS;
}
