import { runProvedCoordinator } from '../../fleet/farrier/run-proved-coordinator.ts';
import type { Host } from '../../fleet/host.ts';
import { debVersion } from '../../fleet/stand-ins/kubernetes-debs.ts';
import { makeKubeadmCluster } from '../../fleet/stand-ins/make-kubeadm-cluster.ts';
import { ProofFailed } from '../proof-failed.ts';
import { playCleanSequence, type Saying } from './clean-sequence.ts';
import { type ClusterStage, type ClusterStageOptions, MAX_UNAVAILABLE, UNPROVED, withClusterStage, withoutObstacle } from './cluster-stage.ts';

const OLD = '1.33.9';
const NEW = '1.34.1';
/** The oldest from which there is a way to etcd 3.6, which kubeadm 1.34 brings. */
const ETCD = '3.5.32-0';
const PLANES = ['cp1', 'cp2', 'cp3'];
const WORKERS = ['w1', 'w2', 'w3', 'w4'];
const PODS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

const PLAN = `apiVersion: farrier/v1
kind: Plan
metadata: { name: kubernetes-1-34 }
spec:
  maxUnavailable: ${MAX_UNAVAILABLE}
  drain: never
  procedure:
    kubeadm-upgrade:
      version: v${NEW}
      sources: [local]
      pointsOfNoReturn: [control-plane]
`;
const REFUSED = `spec.procedure.kubeadm-upgrade: ${PLANES.join(', ')}: ${UNPROVED}`;

/** 3 control planes and 4 workers, from one minor to the next, by one plan. */
export async function proveKubeadmSequence(): Promise<string> {
  const options: ClusterStageOptions = {
    nodes: [...PLANES, ...WORKERS],
    versions: { kubernetes: [OLD, NEW] },
    makeCluster: async (fleet) => await makeKubeadmCluster(fleet, { controlPlanes: PLANES, workers: WORKERS, version: OLD, etcd: ETCD }),
  };
  return await withClusterStage(options, async (stage) => {
    await refusedWithoutProof(stage);
    await runProvedCoordinator(stage.farrier.control);
    await stage.farrier.waitForSessions();
    return await playCleanSequence(stage, { plan: PLAN, version: `v${NEW}`, unitsOf, sayingsOf });
  });
}

/** The coordinator as it is packaged leaves control planes alone: what the fake proof stands for is the only thing wanting. */
async function refusedWithoutProof({ farrier }: ClusterStage): Promise<void> {
  const { exitCode, findings } = await farrier.check(PLAN);
  if (exitCode !== 1 || findings.map(withoutObstacle).join('\n') !== REFUSED) throw new ProofFailed(['without a proof of the datastore the plan is not refused for that alone'], `exit code ${exitCode}\n${findings.join('\n')}`);
}

function unitsOf({ name }: Host): readonly string[] {
  return ['kubelet.service', ...(PLANES.includes(name) ? PODS.map((pod) => `pod-${pod}-${name}.service`) : [])];
}

function sayingsOf({ name }: Host): readonly Saying[] {
  const packages = ['kubeadm', 'kubectl', 'kubelet'].map((each) => ({ argv: ['dpkg-query', '--show', '--showformat=${Version} ${Status}', each], says: `${debVersion(NEW)} hold ok installed` }));
  const own: readonly Saying[] = [
    { argv: ['kubectl', '--kubeconfig=/etc/kubernetes/controller-manager.conf', 'get', '--raw', '/version'], says: `"v${NEW}"` },
    ...PODS.slice(1).map((pod) => ({ argv: ['cat', `/etc/kubernetes/manifests/${pod}.yaml`], says: `registry.k8s.io/${pod}:v${NEW}` })),
    { argv: ['cat', '/etc/kubernetes/manifests/etcd.yaml'], says: 'registry.k8s.io/etcd:3.6.' },
  ];
  return [...packages, ...(PLANES.includes(name) ? own : [])];
}
