import type { DiskPath } from '../domain/host-facts.ts';
import { type KubeVersion, parseKubeVersion } from '../domain/kube-version.ts';
import type { StepSpec } from '../domain/step-spec.ts';
import type { KubeadmSpec } from '../domain/steps/kubeadm-spec.ts';
import type { PreflightTarget } from './target.ts';

const MIB = 2 ** 20;
/** Assumed: nothing on the host tells how large the images of a version are. Unpacked, about what they were in 1.34. */
const CONTROL_PLANE_IMAGES_BYTES = 768 * MIB;
const WORKER_IMAGES_BYTES = 192 * MIB;
/** Assumed: what kubeadm keeps in /etc/kubernetes/tmp. */
const KUBEADM_KEEPS_BYTES = 64 * MIB;

type VersionedStep = Extract<StepSpec, { readonly version: string }>;

/**
 * What a step is about to do to its host; null where no rule is about such steps.
 *
 * @param earlier the steps before it, none of which has run yet.
 */
export function targetOf(step: StepSpec, earlier: readonly StepSpec[], around: Pick<PreflightTarget, 'nowUnixMs' | 'cluster'>): PreflightTarget | null {
  const before = earlier.findLast((each) => each.kind === step.kind && !('action' in each && each.action === 'guard'));
  switch (step.kind) {
    case 'kubeadm':
      return { kind: 'kubeadm', controlPlane: step.role !== 'worker', ...versionsOf(step, before), ...around, etcdUpgrade: step.etcdUpgrade, ignorePreflightErrors: step.ignorePreflightErrors, needBytes: needsOf(step) };
    case 'kubelet':
      if (step.action === 'guard') return null;
      return { kind: 'kubelet', ...versionsOf(step, before), ...around, installs: installsOf(earlier), afterKubeadm: earlier.some(({ kind }) => kind === 'kubeadm') };
    case 'k3s':
      return { kind: 'k3s', controlPlane: step.role === 'server', ...versionsOf(step, before), ...around, needBytes: { '/': step.binary.size, '/var/lib/rancher': step.binary.size + (step.images?.size ?? 0) } };
    default:
      return null;
  }
}

function versionsOf(step: VersionedStep, before: StepSpec | undefined): Pick<PreflightTarget, 'version' | 'from'> {
  return { version: versionOf(step), from: before === undefined || !('version' in before) ? null : versionOf(before) };
}

function versionOf({ name, version }: VersionedStep): KubeVersion {
  const parsed = parseKubeVersion(version);
  if (parsed === null) throw new Error(`step ${name} is of version ${version}, which is none`);
  return parsed;
}

function installsOf(steps: readonly StepSpec[]): Readonly<Record<string, string>> {
  return Object.fromEntries(steps.flatMap((step) => (step.kind === 'packages' ? step.install.map(({ name, version }) => [name, version] as const) : [])));
}

function needsOf({ role }: KubeadmSpec): Readonly<Partial<Record<DiskPath, number>>> {
  return { '/': KUBEADM_KEEPS_BYTES, '/var/lib/containerd': role === 'worker' ? WORKER_IMAGES_BYTES : CONTROL_PLANE_IMAGES_BYTES };
}
