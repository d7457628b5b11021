import { changeOf, formatKubeVersion, type KubeVersion, parseKubeVersion } from '../../domain/kube-version.ts';
import type { HostFacts } from '../../domain/host-facts.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { error, k3sOf, kubeadmOf, warning } from './rule.ts';

interface Running {
  readonly program: string;
  readonly version: string | null;
  /** Its policy lets it go several minors at once. */
  readonly maySkip: boolean;
}

/** No API server skips a minor, and none goes back: https://kubernetes.io/releases/version-skew-policy/. K3s itself stops neither. */
export function versionChange(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  const running = runningOf(facts, target);
  if (running === null) return [];
  const { program, maySkip } = running;
  const version = target.from ?? (running.version === null ? null : parseKubeVersion(running.version));
  if (version === null) {
    const said = running.version === null ? 'it says none' : `it says ${running.version}`;
    return [error('version-unknown', program, `which version of ${program} runs here is not known (${said}): an upgrade cannot tell what it comes from; put a released version there, or upgrade this host by hand`)];
  }
  return problemsOf(program, version, target.version, maySkip);
}

function runningOf(facts: HostFacts, target: PreflightTarget): Running | null {
  const k3s = k3sOf(facts);
  if (target.kind === 'k3s') return k3s === null ? null : { program: 'k3s', version: k3s.version, maySkip: false };
  const kubeadm = kubeadmOf(facts);
  if (kubeadm === null) return null;
  if (target.kind === 'kubelet' || kubeadm.role === 'worker') return { program: 'kubelet', version: kubeadm.kubelet, maySkip: true };
  return { program: 'kube-apiserver', version: kubeadm.apiserver, maySkip: false };
}

function problemsOf(program: string, from: KubeVersion, to: KubeVersion, maySkip: boolean): readonly Finding[] {
  const way = `${program} ${formatKubeVersion(from)} -> ${formatKubeVersion(to)}`;
  const change = changeOf(from, to);
  if (change === 'skip' && !maySkip) {
    return [error('minor-skipped', program, `${way} skips a minor: upgrade to the newest v${from.major}.${from.minor + 1} first`)];
  }
  if (change === 'back-minor' || change === 'back') {
    const remedy = `to undo an upgrade, farrier rollout rollback${change === 'back-minor' ? ' or a restore of the datastore' : ''}`;
    // Within a minor a kubelet and K3s run on what a newer patch wrote; kubeadm takes no control plane back.
    const finding = change === 'back-minor' || program === 'kube-apiserver' ? error : warning;
    return [finding('version-goes-back', program, `${way} goes back: ${remedy}`)];
  }
  return [];
}
