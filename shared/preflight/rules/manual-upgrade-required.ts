import { formatKubeVersion } from '../../domain/kube-version.ts';
import type { HostFacts } from '../../domain/host-facts.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { error } from './rule.ts';

/** `kubeadm upgrade plan -o json`, configVersions: kubeadm would stop in the middle. */
export function manualUpgradeRequired(_facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  if (target.kind !== 'kubeadm') return [];
  return (target.configVersions ?? [])
    .filter(({ manualUpgradeRequired: required }) => required)
    .map(({ group, currentVersion, preferredVersion }) =>
      error('manual-upgrade-required', group, `kubeadm ${formatKubeVersion(target.version)} wants ${group} as ${preferredVersion} and cannot convert it from ${currentVersion}: convert it by hand (kubeadm config migrate, or edit its ConfigMap in kube-system), then check again`),
    );
}
