import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { KubeadmRole } from '../../shared/domain/steps/kubeadm-spec.ts';
import { debVersion } from './stand-ins/kubernetes-debs.ts';

const NO_TIMEOUTS = { upgradeManifestsMs: 60_000, etcdApiCallMs: 0, kubernetesApiCallMs: 0, controlPlaneHealthCheckMs: 0, kubeletHealthCheckMs: 0 };

/** The whole way of one node to a version, in the order of kubeadm's documentation; a node that is put back ends at its guard. */
export function upgradeNodeTo(version: string, role: KubeadmRole, etcdUpgrade = true): readonly StepSpec[] {
  const packages = (names: readonly string[]): StepSpec => ({
    kind: 'packages', name: `packages ${names.join(' and ')}`, timeoutMs: 120_000, install: names.map((name) => ({ name, version: debVersion(version) })), sources: ['lab'], conffiles: 'keep',
  });
  const kubelet = { kind: 'kubelet', version, looks: 11, lookIntervalMs: 1000, timeoutMs: 90_000 } as const;
  return [
    { ...kubelet, name: 'guard kubelet', action: 'guard' },
    packages(['kubeadm']),
    { kind: 'kubeadm', name: 'kubeadm', timeoutMs: 180_000, role, version, etcdUpgrade, certificateRenewal: true, imagePullPolicy: 'Never', patches: '', ignorePreflightErrors: [], timeouts: NO_TIMEOUTS },
    packages(['kubectl', 'kubelet']),
    { ...kubelet, name: 'restart kubelet', action: 'restart' },
  ];
}
