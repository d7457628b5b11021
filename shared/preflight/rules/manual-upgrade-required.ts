import type { Finding } from '../finding.ts';
import { error } from './rule.ts';

/** UpgradePlan.configVersions of output.kubeadm.k8s.io/v1alpha3. */
export interface ConfigVersion {
  readonly group: string;
  readonly currentVersion: string;
  readonly preferredVersion: string;
  readonly manualUpgradeRequired: boolean;
}

/**
 * What `kubeadm upgrade plan -o json` says, where kubeadm would stop in the middle. No part of preflight(): only the kubeadm
 * of the target can say it, and that comes with a package of the same sequence.
 *
 * @param version without its v.
 */
export function manualUpgradeRequired(version: string, configVersions: readonly ConfigVersion[]): readonly Finding[] {
  return configVersions
    .filter(({ manualUpgradeRequired: required }) => required)
    .map(({ group, currentVersion, preferredVersion }) =>
      error('manual-upgrade-required', group, `kubeadm ${version} wants ${group} as ${preferredVersion} and cannot convert it from ${currentVersion}: convert it by hand (kubeadm config migrate, or edit its ConfigMap in kube-system), then check again`),
    );
}
