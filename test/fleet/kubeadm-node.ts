import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { KubeadmRole } from '../../shared/domain/steps/kubeadm-spec.ts';
import type { Host } from './host.ts';
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

/** A line for everything that a node which was put back must have as it was; `kept` are paths that are not looked at. */
export async function nodeState(host: Host, kept: readonly string[]): Promise<readonly string[]> {
  const leaveOut = kept.map((path) => `-path ${path} -prune -o`).join(' ');
  const find = `find /etc /var/lib/kubelet ${leaveOut}`;
  const said = await host.mustExec(['sh', '-c', [
    String.raw`${find} \( -type f -o -type d -o -type l \) -printf '%p %y %m %U:%G %l\n' | sort`,
    `${find} -type f -print0 | xargs -0 sha256sum | sort -k2`,
    'dpkg --get-selections', "dpkg-query --show --showformat='${Package} ${Version} ${db:Status-Abbrev}\\n'", 'dpkg --audit', 'apt-mark showhold', 'apt-mark showauto',
    'systemctl is-enabled kubelet.service', 'systemctl is-active kubelet.service',
  ].join('; ')]);
  return said.split('\n');
}
