import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { KubeletRuntimeSpec } from '../../../shared/domain/steps/kubelet-runtime-spec.ts';
import type { HostFiles } from '../../facts/host-files.ts';
import type { Cri } from '../../ports/cri.ts';
import type { Docker } from '../../ports/docker.ts';
import type { NodeAnnotations } from '../../ports/node-annotations.ts';
import type { RunProgram } from '../../ports/programs.ts';
import { copiesFolder, copiesKept } from '../files/copies-kept.ts';
import { copyPaths, isAsCopied, type PathCopy, restorePaths } from '../files/path-copies.ts';
import { rewriteFile } from '../files/place-file.ts';
import { changedSince, keepTheirs, rememberWritten, writtenCopies } from '../files/written-files.ts';
import { type KubeadmPlaces, kubeletFiles } from '../kubeadm/kubeadm-places.ts';
import { readKubeletVersion } from '../kubelet/kubelet-version.ts';
import { kubeletNotFound } from '../kubelet/kubelet-prior.ts';
import { KUBELET_UNIT, type KubeletParts } from '../kubelet/prove-kubelet.ts';
import { stopKubelet } from '../kubelet/restart-kubelet.ts';
import { captureSpace, releaseSpace } from '../packages/reserve.ts';
import { type CaptureResult, type CheckResult, STEP_OK, type StepContext, type StepExecutor, type StepResult, stepFailure } from '../step.ts';
import { awaitAnnotation, setAnnotation } from './cri-socket-annotation.ts';
import { refuseDocker } from './refuse-docker.ts';
import { CRI_SOCKET_ANNOTATION, type LookedUp, lookUpPlaces } from './runtime-places.ts';

/** `guard` keeps the annotation, `set` the files. */
export interface KubeletRuntimePrior {
  readonly annotation: string | null;
  readonly copies: readonly PathCopy[];
  /** Pods that the new runtime had already. */
  readonly pods: readonly string[];
}

export interface KubeletRuntimeParts extends Pick<KubeletParts, 'units' | 'clock'> {
  readonly annotations: NodeAnnotations;
  /** @param endpoint `unix:///…` */
  readonly criAt: (endpoint: string) => Pick<Cri, 'look' | 'podIds' | 'removePod'>;
  readonly docker: Docker;
  readonly run: RunProgram;
  readonly files: HostFiles;
  readonly places: KubeadmPlaces;
}

/** Points the kubelet of a kubeadm node at another container runtime, in every place at once, and back. */
export function kubeletRuntimeStep(parts: KubeletRuntimeParts): StepExecutor<KubeletRuntimeSpec, KubeletRuntimePrior> {
  return {
    kind: 'kubelet_runtime',
    stage: async (spec, context) => {
      const found = await inspect(parts, spec, context);
      if (!found.ok) return found;
      return (spec.action === 'set' && found.places.changes.size > 0 ? await refuseDocker(parts.docker, context) : null) ?? STEP_OK;
    },
    check: (spec, context) => check(parts, spec, context),
    capture: (spec, context) => capture(parts, spec, context),
    apply: async (spec, prior, context) => (spec.action === 'guard' ? STEP_OK : apply(parts, spec, prior, context)),
    verify: async (spec, _prior, context) => (spec.action === 'guard' ? STEP_OK : verify(parts, spec, context)),
    revert: (spec, prior, context) => (spec.action === 'guard' ? awaitAnnotation(parts, spec, prior.annotation, context) : revert(parts, spec, prior, context)),
    canRevert: (_spec, { copies }, context) => copiesKept(copies, copiesFolder(context)),
  };
}

async function inspect({ units, run, files, places }: KubeletRuntimeParts, { action, endpoint }: KubeletRuntimeSpec, { earlier, signal }: StepContext): Promise<LookedUp> {
  // Going back, the kubelet is stopped while its files change: something has to start it again.
  if (action === 'set' && !earlier.some(({ spec }) => spec.kind === 'kubelet' && spec.action === 'guard')) return stepFailure('not-allowed', 'no guard of the kubelet stands before this step; put a kubelet step after it in the plan', KUBELET_UNIT);
  const kubeconfig = join(places.kubernetes, 'kubelet.conf');
  if ((await stat(kubeconfig).catch(() => null)) === null) return stepFailure('role-mismatch', `this host has no ${kubeconfig}: it is no node that kubeadm initialised or joined`, kubeconfig);
  if ((await units.look(KUBELET_UNIT, signal)) === null) return kubeletNotFound();
  return lookUpPlaces(files, places, endpoint, await readKubeletVersion(run, signal));
}

async function check(parts: KubeletRuntimeParts, spec: KubeletRuntimeSpec, context: StepContext): Promise<CheckResult> {
  const found = await inspect(parts, spec, context);
  if (!found.ok) return found;
  if (spec.action === 'guard') return { ok: true, state: 'satisfied' };
  const runtime = await parts.criAt(spec.endpoint).look(context.signal);
  if (!runtime.reached || !runtime.ready) return stepFailure('runtime-unready', `a kubelet would not start on ${spec.endpoint}: ${runtime.why}`, spec.endpoint);
  if (runtime.runtime !== spec.runtime) return stepFailure('role-mismatch', `${runtime.runtime} answers at ${spec.endpoint}, the plan says ${spec.runtime}`, spec.endpoint);
  // A kubelet that asks its runtime would follow it, one that does not would start no pod: who asks whom depends on both versions.
  const { driver } = found.places;
  if (runtime.cgroupDriver !== null && runtime.cgroupDriver !== driver) return stepFailure('not-allowed', `the kubelet has the cgroup driver ${driver}, ${runtime.runtime} has ${runtime.cgroupDriver}: pods would not start; set systemdCgroup: ${driver === 'systemd'} in a containerd step before this one`, spec.endpoint);
  const refused = found.places.changes.size > 0 ? await refuseDocker(parts.docker, context) : null;
  if (refused !== null) return refused;
  const annotation = await parts.annotations.read(CRI_SOCKET_ANNOTATION, context.signal);
  if (!annotation.reached) return stepFailure('api-unreachable', `the API server does not tell the annotations of this node: ${annotation.why}`);
  const isSet = found.places.changes.size === 0 && !isAnnotationWrong(found.places.form, annotation.value, spec);
  return { ok: true, state: isSet ? 'satisfied' : 'needed' };
}

/** From 1.34 on kubeadm takes it away, and it is not made anew; one that is there must not lie. */
function isAnnotationWrong(form: 'flag' | 'file', value: string | null, { endpoint }: KubeletRuntimeSpec): boolean {
  return value === null ? form === 'flag' : value !== endpoint;
}

async function capture({ annotations, criAt, places }: KubeletRuntimeParts, { action, endpoint }: KubeletRuntimeSpec, context: StepContext): Promise<CaptureResult<KubeletRuntimePrior>> {
  const annotation = await annotations.read(CRI_SOCKET_ANNOTATION, context.signal);
  if (!annotation.reached) return stepFailure('api-unreachable', `the API server does not tell the annotations of this node: ${annotation.why}`);
  const copies = action === 'guard' ? [] : await copyPaths(kubeletFiles(places), copiesFolder(context));
  const pods = action === 'guard' ? { ok: true as const, ids: [] } : await criAt(endpoint).podIds(context.signal);
  if (!pods.ok) return stepFailure('runtime-unready', `${endpoint} does not name its pods: ${pods.why}`, endpoint);
  await captureSpace(context.folder, []);
  return { ok: true, prior: { annotation: annotation.value, copies, pods: pods.ids } };
}

/** The annotation first: on a control plane of one the API server goes with the old runtime. */
async function apply(parts: KubeletRuntimeParts, spec: KubeletRuntimeSpec, { copies }: KubeletRuntimePrior, context: StepContext): Promise<StepResult> {
  const found = await inspect(parts, spec, context);
  if (!found.ok) return found;
  const { form, changes } = found.places;
  const annotated = await setAnnotation(parts, spec, (value) => isAnnotationWrong(form, value, spec), context);
  if (!annotated.ok) return annotated;
  const stopped = await stopKubelet(parts.units, context);
  if (!stopped.ok) return stopped;
  await rememberWritten([...changes].map(([path, text]) => ({ path, text })), copies, context);
  for (const [path, text] of changes) await rewriteFile(path, text);
  return STEP_OK;
}

async function verify(parts: KubeletRuntimeParts, spec: KubeletRuntimeSpec, context: StepContext): Promise<StepResult> {
  const found = await inspect(parts, spec, context);
  if (!found.ok) return found;
  const [wrong] = found.places.changes.keys();
  if (wrong !== undefined) return stepFailure('verify-failed', `${wrong} does not say ${spec.endpoint}`, wrong);
  const annotation = await parts.annotations.read(CRI_SOCKET_ANNOTATION, context.signal);
  if (annotation.reached && isAnnotationWrong(found.places.form, annotation.value, spec)) return stepFailure('verify-failed', `the annotation ${CRI_SOCKET_ANNOTATION} of this node is ${annotation.value ?? 'gone'}, not ${spec.endpoint}`, CRI_SOCKET_ANNOTATION);
  if (!annotation.reached) context.output(`the annotation was set and cannot be looked at once more: ${annotation.why}\n`);
  return STEP_OK;
}

/** With the kubelet down: one that runs would fill the runtime that is being left. Its guard starts it again. */
async function revert(parts: KubeletRuntimeParts, spec: KubeletRuntimeSpec, { pods, ...prior }: KubeletRuntimePrior, context: StepContext): Promise<StepResult> {
  await releaseSpace(context.folder);
  const copies = await writtenCopies(prior.copies, context);
  if (!(await Promise.all(copies.map(isAsCopied))).every(Boolean)) {
    const stopped = await stopKubelet(parts.units, context);
    if (!stopped.ok) return stopped;
    const emptied = await removeNewPods(parts, spec, pods, context);
    if (!emptied.ok) return emptied;
  }
  for (const changed of await changedSince(copies, context)) await keepTheirs(changed, context);
  // Also where every file is as it was: a kill may have left a draft beside it.
  const lost = await restorePaths(copies, copiesFolder(context));
  return lost.length === 0 ? STEP_OK : stepFailure('revert-failed', `${lost.join(', ')} cannot be brought back, the copy is gone`, lost[0]);
}

/** Those that the kubelet made there: they hold the ports and files of the ones that come back. A runtime that is down runs none. */
async function removeNewPods({ criAt }: KubeletRuntimeParts, { endpoint }: KubeletRuntimeSpec, before: readonly string[], { output, signal }: StepContext): Promise<StepResult> {
  const cri = criAt(endpoint);
  const now = await cri.podIds(signal);
  if (!now.ok) {
    output(`${endpoint} is not asked for pods any more: ${now.why}\n`);
    return STEP_OK;
  }
  for (const id of now.ids.filter((one) => !before.includes(one))) {
    const said = await cri.removePod(id, signal);
    if (said !== '') return stepFailure('revert-failed', `pod ${id}, which the kubelet made at ${endpoint}, cannot be removed: ${said}`, id);
  }
  return STEP_OK;
}
