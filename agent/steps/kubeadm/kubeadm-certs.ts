import type { KubeadmCertsSpec } from '../../../shared/domain/steps/kubeadm-spec.ts';
import { holdControlPlane } from '../kubelet/hold-control-plane.ts';
import { isOwed, owe, settleOwed } from '../owed.ts';
import { captureSpace, releaseSpace } from '../packages/reserve.ts';
import type { Processes } from '../../ports/processes.ts';
import { type CaptureResult, type CheckResult, STEP_OK, type StepContext, type StepExecutor, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import { certificateNamed, type Expiry, filesOf, parseExpiration, type StaticPod, usersOf } from './certificates.ts';
import { invokeKubeadm, kubeadmFailure } from './invoke-kubeadm.ts';
import type { KubeadmParts } from './kubeadm.ts';
import { copiesFolder, copiesKept } from '../files/copies-kept.ts';
import { copyPaths, isAsCopied, type PathCopy, restorePaths, syncPaths, tornOf } from '../files/path-copies.ts';
import { returnManifests } from './manifests-out.ts';
import { restartStaticPods } from './restart-static-pods.ts';

/** What is to be renewed, and all that goes back. */
export interface KubeadmCertsPrior {
  readonly due: readonly Pick<Expiry, 'name' | 'expiresUnixMs'>[];
  readonly copies: readonly PathCopy[];
  /** Marks of the processes that ran on the old ones. */
  readonly processes: Readonly<Partial<Record<StaticPod, readonly string[]>>>;
}

type Parts = KubeadmParts & { readonly processes: Processes };

const DAY_MS = 86_400_000;
const LAST_WORDS_MS = 5000;

/**
 * Renews what expires too soon, restarts the static pods that use it, and proves by kubeadm's own word that it is newer.
 * The kubelet's client certificate is not among them: it renews that itself.
 */
export function kubeadmCertsStep(parts: Parts): StepExecutor<KubeadmCertsSpec, KubeadmCertsPrior> {
  return {
    kind: 'kubeadm_certs',
    stage: async () => STEP_OK,
    check: (spec, context) => check(parts, spec, context),
    capture: (spec, context) => capture(parts, spec, context),
    apply: (_spec, prior, context) => apply(parts, prior, context),
    verify: (spec, prior, context) => verify(parts, spec, prior, context),
    revert: (spec, prior, context) => revert(parts, spec, prior, context),
    canRevert: (_spec, { copies }, context) => copiesKept(copies, copiesFolder(context)),
  };
}

type Listed = { readonly ok: true; readonly all: readonly Expiry[] } | StepFailure;

async function list({ run }: Parts, { signal, output }: StepContext): Promise<Listed> {
  const args = ['certs', 'check-expiration', '-o', 'json'];
  const result = await run(['kubeadm', ...args], { signal, output });
  if (result.code !== 0) return kubeadmFailure(result, args, 'kubeadm-refused');
  const all = parseExpiration(result.stdout);
  return all === null ? stepFailure('kubeadm-refused', 'kubeadm certs check-expiration did not answer with certificates; see its output on the host') : { ok: true, all };
}

/** All: whatever can be renewed here. Named: a person wants exactly these, so what cannot be is refused. */
function chosen(spec: KubeadmCertsSpec, all: readonly Expiry[]): { readonly ok: true; readonly certificates: readonly Expiry[] } | StepFailure {
  if (spec.renew.length === 0) return { ok: true, certificates: all.filter(({ name, external, missing }) => !external && !missing && certificateNamed(name) !== null) };
  const certificates: Expiry[] = [];
  for (const name of spec.renew) {
    const found = all.find((one) => one.name === name);
    if (found === undefined || found.missing || certificateNamed(name) === null) return stepFailure('certificate-unknown', `kubeadm has no certificate ${name} on this host; see kubeadm certs check-expiration`, name);
    if (found.external) return stepFailure('certificate-external', `the authority of ${name} is kept elsewhere, so that kubeadm cannot renew it; renew it where that is`, name);
    certificates.push(found);
  }
  return { ok: true, certificates };
}

async function due(parts: Parts, spec: KubeadmCertsSpec, context: StepContext): Promise<{ readonly ok: true; readonly certificates: readonly Expiry[] } | StepFailure> {
  const listed = await list(parts, context);
  if (!listed.ok) return listed;
  const found = chosen(spec, listed.all);
  if (!found.ok) return found;
  const soonUnixMs = parts.clock.wallUnixMs() + spec.whenUnderDays * DAY_MS;
  return { ok: true, certificates: found.certificates.filter(({ expiresUnixMs }) => expiresUnixMs < soonUnixMs) };
}

async function check(parts: Parts, spec: KubeadmCertsSpec, context: StepContext): Promise<CheckResult> {
  if (await isOwed(context.folder)) return { ok: true, state: 'needed' };
  const found = await due(parts, spec, context);
  return found.ok ? { ok: true, state: found.certificates.length === 0 ? 'satisfied' : 'needed' } : found;
}

async function capture(parts: Parts, spec: KubeadmCertsSpec, context: StepContext): Promise<CaptureResult<KubeadmCertsPrior>> {
  const found = await due(parts, spec, context);
  if (!found.ok) return found;
  const names = found.certificates.map(({ name }) => name);
  const copies = await copyPaths(filesOf(names, parts.places), copiesFolder(context));
  const absent = copies.find(({ kind }) => kind !== 'file');
  if (absent !== undefined) return stepFailure('prior-unavailable', `${absent.path} is no file, so that it could not be put back; this step knows kubeadm's own places only`, absent.path);
  const processes = Object.fromEntries(await Promise.all(usersOf(names).map(async (pod) => [pod, await parts.processes.named(pod)] as const)));
  await captureSpace(context.folder, []);
  return { ok: true, prior: { due: found.certificates.map(({ name, expiresUnixMs }) => ({ name, expiresUnixMs })), copies, processes } };
}

async function apply(parts: Parts, prior: KubeadmCertsPrior, context: StepContext): Promise<StepResult> {
  await returnManifests(parts.places);
  // kubeadm syncs nothing: what a power cut left empty of it is renewed anew.
  const lost = (await isOwed(context.folder)) ? await restorePaths(await tornOf(prior.copies), copiesFolder(context)) : [];
  if (lost.length > 0) return stepFailure('prior-unavailable', `the copy of ${lost.join(', ')} is gone or damaged`, lost[0]);
  await owe(context.folder);
  for (const { name } of await notRenewed(parts, prior)) {
    const renewed = await invokeKubeadm(parts.run, ['certs', 'renew', name], 'apply-failed', context);
    if (!renewed.ok) return renewed;
  }
  await syncPaths(prior.copies.map(({ path }) => path));
  const restarted = await restartStaticPods(usersOf(prior.due.map(({ name }) => name)), parts, context);
  if (restarted.ok) await settleOwed(context.folder);
  return restarted;
}

/** Those whose files are as they were: what an attempt before this one renewed is not renewed again. */
async function notRenewed({ places }: Parts, { due: all, copies }: KubeadmCertsPrior): Promise<readonly { readonly name: string }[]> {
  const old = new Set<string>();
  for (const copy of copies) if (await isAsCopied(copy)) old.add(copy.path);
  return all.filter(({ name }) => filesOf([name], places).some((file) => old.has(file)));
}

async function verify(parts: Parts, spec: KubeadmCertsSpec, prior: KubeadmCertsPrior, context: StepContext): Promise<StepResult> {
  const listed = await list(parts, context);
  if (!listed.ok) return listed;
  for (const { name, expiresUnixMs } of prior.due) {
    const now = listed.all.find((one) => one.name === name);
    if (now === undefined || now.expiresUnixMs <= expiresUnixMs) return stepFailure('verify-failed', `${name} expires no later than before`, name);
  }
  for (const [pod, before] of Object.entries(prior.processes)) {
    // What ran before runs on the old certificates.
    if (before.length > 0 && !(await parts.processes.named(pod)).some((mark) => !before.includes(mark))) return stepFailure('verify-failed', `${pod} was not restarted, and goes on with what it read at its start`, pod);
  }
  return holdControlPlane(parts, { version: null, deadlineMs: deadlineOf(parts, spec) }, context);
}

async function revert(parts: Parts, spec: KubeadmCertsSpec, prior: KubeadmCertsPrior, context: StepContext): Promise<StepResult> {
  await releaseSpace(context.folder);
  await returnManifests(parts.places);
  // A revert that is cut off between the files and the restarts is called again.
  if (!(await Promise.all(prior.copies.map(isAsCopied))).every(Boolean)) await owe(context.folder);
  const lost = await restorePaths(prior.copies, copiesFolder(context));
  if (lost.length > 0) return stepFailure('revert-failed', `${lost.join(', ')} cannot be brought back, the copies are gone`, lost[0]);
  if (!(await isOwed(context.folder))) return STEP_OK;
  const restarted = await restartStaticPods(usersOf(prior.due.map(({ name }) => name)), parts, context);
  if (!restarted.ok) return restarted;
  const holds = await holdControlPlane(parts, { version: null, deadlineMs: deadlineOf(parts, spec) }, context);
  if (holds.ok) await settleOwed(context.folder);
  return holds;
}

function deadlineOf({ clock }: Parts, { timeoutMs }: KubeadmCertsSpec): number {
  return clock.monotonicMs() + timeoutMs - LAST_WORDS_MS;
}
