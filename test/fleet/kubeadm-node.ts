import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { KubeadmRole } from '../../shared/domain/steps/kubeadm-spec.ts';
import type { Host } from './host.ts';
import { debVersion } from './stand-ins/kubernetes-debs.ts';
import { realFolder } from './stand-ins/real-programs.ts';

/** Real programs start, stop and become Ready in the time that Kubernetes gives them. */
const SLOWNESS = realFolder() === null ? 1 : 3;
export const TEST_MAX_MS = 5 * 60_000 * SLOWNESS;
export const STEP_MAX_MS = 180_000 * SLOWNESS;
/** Of a whole sequence with its way back. */
export const OVER_MAX_MS = 240_000 * SLOWNESS;
/** From the start of a kubelet that crashes to the proof of the one before it. */
export const PROOF_MAX_MS = 60_000 * SLOWNESS;
/** Two that fail in a cluster without that addon, as real ones here are, and one that gives a job 15 s, which hosts side by side may need more of. */
const IGNORED = ['CoreDNSUnsupportedPlugins', 'CoreDNSMigration', 'CreateJob'];
const TIMEOUTS = { upgradeManifestsMs: 60_000 * SLOWNESS, etcdApiCallMs: 0, kubernetesApiCallMs: 0, controlPlaneHealthCheckMs: 0, kubeletHealthCheckMs: 0 };

/** The whole way of one node to a version, in the order of kubeadm's documentation; a node that is put back ends at its guard. */
export function upgradeNodeTo(version: string, role: KubeadmRole, etcdUpgrade = true): readonly StepSpec[] {
  const packages = (names: readonly string[]): StepSpec => ({
    kind: 'packages', name: `packages ${names.join(' and ')}`, timeoutMs: 120_000 * SLOWNESS, install: names.map((name) => ({ name, version: debVersion(version) })), sources: ['lab'], conffiles: 'keep',
  });
  const kubelet = { kind: 'kubelet', version, looks: 11, lookIntervalMs: 1000, timeoutMs: 90_000 * SLOWNESS } as const;
  return [
    { ...kubelet, name: 'guard kubelet', action: 'guard' },
    packages(['kubeadm']),
    { kind: 'kubeadm', name: 'kubeadm', timeoutMs: STEP_MAX_MS, role, version, etcdUpgrade, certificateRenewal: true, imagePullPolicy: 'Never', patches: '', ignorePreflightErrors: IGNORED, timeouts: TIMEOUTS },
    packages(['kubectl', 'kubelet']),
    { ...kubelet, name: 'restart kubelet', action: 'restart' },
  ];
}

/** For each program the process that runs it, and since when. */
export async function runningSince(host: Host, programs: readonly string[]): Promise<readonly string[]> {
  return Promise.all(programs.map((program) => host.mustExec(['sh', '-c', 'ps -o pid=,lstart= -p "$(pidof -x "$1")"', 'sh', program])));
}
