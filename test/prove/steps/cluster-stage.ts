import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { buildFarrierPackages } from '../../fleet/farrier/build-packages.ts';
import { CONTROL, FarrierFleet } from '../../fleet/farrier/farrier-fleet.ts';
import { bootFleet, type Fleet } from '../../fleet/fleet.ts';
import type { KubernetesCluster } from '../../fleet/stand-ins/kubernetes-cluster.ts';
import { packStandIns, type StandIns, type StandInsOptions } from '../../fleet/stand-ins/pack-stand-ins.ts';
import { say } from '../say.ts';

/** Name of the cluster, as the nodes' token says it. */
export const CLUSTER = 'paddock';
/** What an operator reads where nothing proves its datastore; which host lacks what follows. */
export const UNPROVED = `nothing proves that the datastore of ${CLUSTER} can be brought back, and no proof can be made`;

/** A finding without that. */
export function withoutObstacle(finding: string): string {
  return finding.replace(/(, and no proof can be made): .*$/s, '$1');
}

/** So many nodes may be down at once. */
export const MAX_UNAVAILABLE = 2;

/** A cluster on real hosts, with agents and a coordinator from their packages; every node is enrolled and connected. */
export interface ClusterStage {
  readonly farrier: FarrierFleet;
  readonly cluster: KubernetesCluster;
  readonly standIns: StandIns;
}

export interface ClusterStageOptions {
  readonly nodes: readonly string[];
  readonly versions: StandInsOptions;
  readonly makeCluster: (fleet: Fleet, standIns: StandIns) => Promise<KubernetesCluster>;
}

/** @param work is called with it; the fleet is gone afterwards. */
export async function withClusterStage<T>({ nodes, versions, makeCluster }: ClusterStageOptions, work: (stage: ClusterStage) => Promise<T>): Promise<T> {
  const packages = await buildFarrierPackages();
  const scratch = mkdtempSync(join(tmpdir(), 'farrier-prove-'));
  let fleet: Fleet | null = null;
  try {
    const standIns = await packStandIns(scratch, versions);
    const { aptRepository, sharedFolders } = standIns;
    fleet = await bootFleet({ hosts: [CONTROL, ...nodes].map((name) => ({ name })), aptRepository, sharedFolders, label: 'prove:steps', onProgress: say });
    const farrier = new FarrierFleet(fleet, packages);
    const [cluster] = await Promise.all([makeCluster(fleet, standIns), farrier.installCoordinator()]);
    await farrier.putPolicy(`apiVersion: farrier/v1\nkind: FleetPolicy\nspec:\n  maxUnavailable: { fleet: ${MAX_UNAVAILABLE} }\n`);
    const enrollment = await farrier.createToken({}, CLUSTER);
    await Promise.all(farrier.nodes.map(async (host) => await farrier.installAgent(host, enrollment)));
    await farrier.waitForSessions();
    return await work({ farrier, cluster, standIns });
  } finally {
    await fleet?.tearDown();
    rmSync(scratch, { recursive: true, force: true });
  }
}
