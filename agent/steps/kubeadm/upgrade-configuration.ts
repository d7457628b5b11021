import type { KubeadmSpec } from '../../../shared/domain/steps/kubeadm-spec.ts';

/**
 * What `kubeadm upgrade apply` and `node` are given as a file: flags cannot be mixed with one, and timeouts have no flags.
 * UpgradeConfiguration of kubeadm.k8s.io/v1beta4: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/
 */
export function upgradeConfiguration({ role, etcdUpgrade, certificateRenewal, imagePullPolicy, patches, ignorePreflightErrors, timeouts }: KubeadmSpec): Readonly<Record<string, unknown>> {
  const how = {
    ...{ etcdUpgrade, certificateRenewal, imagePullPolicy },
    ...(patches === '' ? {} : { patches: { directory: patches } }),
    ...(ignorePreflightErrors.length === 0 ? {} : { ignorePreflightErrors }),
  };
  const waits = {
    ...seconds('upgradeManifests', timeouts.upgradeManifestsMs),
    ...seconds('etcdAPICall', timeouts.etcdApiCallMs),
    ...seconds('kubernetesAPICall', timeouts.kubernetesApiCallMs),
    ...seconds('controlPlaneComponentHealthCheck', timeouts.controlPlaneHealthCheckMs),
    ...seconds('kubeletHealthCheck', timeouts.kubeletHealthCheckMs),
  };
  return {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'UpgradeConfiguration',
    [role === 'first-control-plane' ? 'apply' : 'node']: how,
    ...(Object.keys(waits).length === 0 ? {} : { timeouts: waits }),
  };
}

/** As metav1.Duration is read. 0 is left out: kubeadm has its own default. */
function seconds(name: string, ms: number): Readonly<Record<string, string>> {
  return ms === 0 ? {} : { [name]: `${ms / 1000}s` };
}
