import { runProvedCoordinator } from '../../fleet/farrier/run-proved-coordinator.ts';
import type { Host } from '../../fleet/host.ts';
import { k3sUnitName } from '../../fleet/stand-ins/k3s-unit.ts';
import { makeK3sCluster } from '../../fleet/stand-ins/make-k3s-cluster.ts';
import { hostArchitecture } from '../../../systemd/package/node-runtime.ts';
import { playCleanSequence, type Saying } from './clean-sequence.ts';
import { type ClusterStage, type ClusterStageOptions, MAX_UNAVAILABLE, withClusterStage } from './cluster-stage.ts';

const OLD = 'v1.33.10+k3s1';
const NEW = 'v1.34.1+k3s1';
const SERVER = 'ks1';
const AGENTS = ['ka1', 'ka2', 'ka3'];
const IMAGES = 'k3s-airgap-images.tar';

/** One K3s server and 3 agents, from one minor to the next, by one plan; program and images come from the coordinator. */
export async function proveK3sSequence(): Promise<string> {
  const options: ClusterStageOptions = {
    nodes: [SERVER, ...AGENTS],
    versions: { k3s: [OLD, NEW] },
    makeCluster: async (fleet, standIns) => await makeK3sCluster(fleet, standIns, { server: SERVER, agents: AGENTS, version: OLD }),
  };
  return await withClusterStage(options, async (stage) => {
    await runProvedCoordinator(stage.farrier.control);
    await stage.farrier.waitForSessions();
    return await playCleanSequence(stage, { plan: await planOf(stage), version: NEW, unitsOf, sayingsOf });
  });
}

async function planOf({ farrier, standIns }: ClusterStage): Promise<string> {
  const { control } = farrier;
  await control.copyIn(standIns.k3s(NEW), '/root/k3s');
  await control.writeFile(`/root/${IMAGES}`, `images of ${NEW}\n`);
  const add = async (file: string) => {
    const { artifact } = JSON.parse(await farrier.farrier(['artifact', 'add', `/root/${file}`, '--json'])) as { readonly artifact: { readonly sha256: string; readonly size: string | number } };
    return { sha256: artifact.sha256, size: Number(artifact.size) };
  };
  const build = { binary: await add('k3s'), images: { name: IMAGES, ...(await add(IMAGES)) } };
  return `apiVersion: farrier/v1
kind: Plan
metadata: { name: k3s-1-34 }
spec:
  maxUnavailable: ${MAX_UNAVAILABLE}
  allowControlPlaneOutage: true
  drain: never
  procedure:
    k3s-upgrade:
      version: ${NEW}
      releases: ${JSON.stringify([{ version: NEW, [hostArchitecture()]: build }])}
      pointsOfNoReturn: [control-plane]
`;
}

function unitsOf({ name }: Host): readonly string[] {
  return [k3sUnitName(name === SERVER ? 'server' : 'agent')];
}

function sayingsOf({ name }: Host): readonly Saying[] {
  const own = { argv: ['kubectl', '--kubeconfig=/etc/rancher/k3s/k3s.yaml', 'get', '--raw', '/version'], says: `"${NEW}"` };
  return [
    { argv: ['k3s', '--version'], says: `k3s version ${NEW} ` },
    { argv: ['cat', `/var/lib/rancher/k3s/agent/images/${IMAGES}`], says: `images of ${NEW}` },
    ...(name === SERVER ? [own] : []),
  ];
}
