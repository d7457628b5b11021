import { runProvedCoordinator } from '../../fleet/farrier/run-proved-coordinator.ts';
import { PREFLIGHT_CASES } from '../../fleet/preflight-cases.ts';
import { makeKubeadmCluster } from '../../fleet/stand-ins/make-kubeadm-cluster.ts';
import { issueLeaf, makeCa } from '../../fleet/stand-ins/pki/certificates.ts';
import { FINDING_CODES } from '../../../shared/preflight/finding.ts';
import { readJournal } from '../host-journal.ts';
import { failed } from '../play-path.ts';
import { ProofFailed } from '../proof-failed.ts';
import { CLUSTER, type ClusterStage, type ClusterStageOptions, UNPROVED, withClusterStage, withoutObstacle } from './cluster-stage.ts';

const OLD = '1.33.9';
const NEW = '1.34.1';
const PLANE = 'cp';
const SOON = '/etc/kubernetes/pki/soon.crt';
const SOON_DAYS = 9.5;
const HELD_MAX_MS = 240_000;

const PLAN = `apiVersion: farrier/v1
kind: Plan
metadata: { name: kubernetes-1-34 }
spec:
  allowControlPlaneOutage: true
  procedure:
    kubeadm-upgrade: { version: v${NEW}, sources: [local], pointsOfNoReturn: [control-plane] }
`;
const NO_ARTIFACT = 'ab'.repeat(32);
const ETCD_PLAN = `apiVersion: farrier/v1
kind: Plan
metadata: { name: etcd }
spec:
  allowControlPlaneOutage: true
  drain: never
  steps:
    - etcdUpgrade: { version: 3.5.32, binary: { sha256: ${NO_ARTIFACT}, size: 1 } }
`;
const MANUAL = `kubeadm ${NEW} wants kubelet.config.k8s.io as v1beta1 and cannot convert it from v1alpha9: convert it by hand (kubeadm config migrate, or edit its ConfigMap in kube-system), then check again`;

/** Of these rules a plan's check and a rollout tell; test/fleet/preflight.fleet.test.ts has a host for each of the others. */
const HERE = ['certificate-expires-soon', 'single-control-plane-etcd', 'datastore-proof-missing', 'manual-upgrade-required', 'etcd-not-by-hand'];
/** Of etcd by itself: test/prove/etcd-upgrade.test.ts trips it. */
const OF_ETCD = ['etcd-alarm'];
const ON_ONE_HOST = [...PREFLIGHT_CASES.map(([, , , , line]) => line.slice(0, line.indexOf(':'))), 'disk-too-small'];

/** The rules of preflight that take a cluster to trip, on a control plane that has no other: what the operator reads, to the letter. */
export async function provePreflightOfCluster(): Promise<string> {
  const rules = new Set([...HERE, ...OF_ETCD, ...ON_ONE_HOST]);
  const without = FINDING_CODES.filter((code) => !rules.has(code));
  if (without.length > 0) throw new ProofFailed([`no host trips ${without.join(', ')}`], '');
  const ends = new Date(Date.now() + SOON_DAYS * 86_400_000).toISOString().slice(0, 10);
  const options: ClusterStageOptions = {
    nodes: [PLANE],
    versions: { kubernetes: [OLD, NEW] },
    makeCluster: async (fleet) => {
      const cluster = await makeKubeadmCluster(fleet, { controlPlanes: [PLANE], workers: [], version: OLD, etcd: '3.5.32-0' });
      const { certificate } = await issueLeaf(await makeCa('stable'), { commonName: 'soon', usages: ['client'] }, SOON_DAYS);
      await fleet.host(PLANE).writeFile(SOON, certificate);
      return cluster;
    },
  };
  return await withClusterStage(options, async (stage) => {
    await checkTells(stage, [
      `warning spec.procedure.kubeadm-upgrade: ${PLANE}: ${SOON} expires on ${ends}, in ${Math.floor(SOON_DAYS)} days: renew it with kubeadm certs renew first`,
      `warning spec.procedure.kubeadm-upgrade: ${PLANE}: ${PLANE} is the only control plane of ${CLUSTER} and this upgrade brings it etcd 3.6: kubeadm may time out on the way and put everything back though etcd is well; set etcdUpgrade: false for the upgrade to v${NEW}, and upgrade etcd afterwards as a step of its own`,
      `spec.procedure.kubeadm-upgrade: ${PLANE}: ${UNPROVED}`,
    ]);
    await runProvedCoordinator(stage.farrier.control);
    await stage.farrier.waitForSessions();
    await checkTells(stage, [`spec.steps: ${PLANE}: etcd is run by kubeadm, which brings it to its own version; take this step out`, `warning spec.steps: ${PLANE}: step etcd-upgrade needs artifact ${NO_ARTIFACT}, which this coordinator does not have; \`farrier artifact add FILE\`, unless it lies in /var/cache/farrier-agent/artifacts on these hosts`], ETCD_PLAN);
    await rolloutTells(stage);
    return `${rules.size} rules: ${HERE.length} tripped here, ${new Set(ON_ONE_HOST).size} on the hosts of the tests`;
  });
}

async function checkTells({ farrier }: ClusterStage, lines: readonly string[], plan = PLAN): Promise<void> {
  const { exitCode, findings } = await farrier.check(plan);
  if (exitCode !== 1 || findings.map(withoutObstacle).join('\n') !== lines.join('\n')) throw new ProofFailed(['plan check does not say this and nothing else:', ...lines], `exit code ${exitCode}\n${findings.join('\n')}`);
}

/** Only the kubeadm of the target can tell it: its package comes, says so, and goes. */
async function rolloutTells({ farrier, cluster }: ClusterStage): Promise<void> {
  const host = farrier.fleet.host(PLANE);
  const { data } = await cluster.get<{ readonly data: { readonly kubelet: string } }>('/api/v1/namespaces/kube-system/configmaps/kubelet-config');
  const patch = JSON.stringify({ data: { kubelet: data.kubelet.replace('kubelet.config.k8s.io/v1beta1', 'kubelet.config.k8s.io/v1alpha9') } });
  await cluster.kubectl(['patch', 'cm', 'kubelet-config', '--namespace', 'kube-system', '--type=merge', '--patch', patch]);
  const rollout = await farrier.start(PLAN);
  await farrier.waitFor(rollout, ['held'], HELD_MAX_MS);
  const end = (await readJournal(host)).at(-1);
  const why = await farrier.farrier(['why', PLANE]);
  const tool = await host.mustExec(['dpkg-query', '--show', '--showformat=${Version}', 'kubeadm']);
  const problems = [
    ...(end?.kind === 'reverted' && end.outcome?.code === 'manual-upgrade-required' && end.outcome.message === MANUAL ? [] : [`${PLANE}: the journal ends with ${end?.kind} ${end?.outcome?.code}: ${end?.outcome?.message}`]),
    ...(why.includes(MANUAL) ? [] : [`${PLANE}: farrier why says ${why}`]),
    ...(tool.startsWith(OLD) ? [] : [`${PLANE}: kubeadm ${tool} was left there`]),
  ];
  if (problems.length > 0) throw await failed({ nodes: [host] }, rollout, problems);
}
