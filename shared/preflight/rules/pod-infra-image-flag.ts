import type { HostFacts } from '../../domain/host-facts.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { error, isFrom } from './rule.ts';

const KUBEADM_FLAGS = '/var/lib/kubelet/kubeadm-flags.env';

/** https://github.com/kubernetes/kubernetes/pull/133779: the kubelet of 1.35 ends with "unknown flag". */
export function podInfraImageFlag(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  if (target.kind === 'kubeadm' || !isFrom(target.version, 1, 35)) return [];
  return (facts.kubernetes?.podInfraImageFlagIn ?? [])
    .filter((path) => !(path === KUBEADM_FLAGS && target.kind === 'kubelet' && kubeadmTakesItOut(target)))
    .map((path) => error('pod-infra-image-flag', path, `${path} gives the kubelet --pod-infra-container-image, which it does not know from 1.35 on and then does not start: take it out there, and out of whatever writes that file`));
}

/** Of its own file, and only on the way to 1.35: https://github.com/kubernetes/kubernetes/pull/135807. */
function kubeadmTakesItOut({ afterKubeadm, version }: { readonly afterKubeadm: boolean; readonly version: { readonly major: number; readonly minor: number } }): boolean {
  return afterKubeadm && version.major === 1 && version.minor === 35;
}
