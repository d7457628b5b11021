import type { Fleet } from '../../fleet/fleet.ts';
import type { Host } from '../../fleet/host.ts';
import { K3sHost } from '../../fleet/k3s-host.ts';
import { LonelyHost } from '../../fleet/lonely-host.ts';
import { makeK3sCluster } from '../../fleet/stand-ins/make-k3s-cluster.ts';
import { makeKubeadmCluster } from '../../fleet/stand-ins/make-kubeadm-cluster.ts';
import type { StandIns } from '../../fleet/stand-ins/pack-stand-ins.ts';
import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import { K3S_MINOR, K3S_OLD, K3S_PATCH, k3sSteps, KUBEADM_NEW, KUBEADM_OLD, kubeadmSteps, NO_BUILD, prepareConfiguration } from './sequences.ts';
import { OVER_MAX_MS, Stand } from './stand.ts';
import type { Place, Track } from './sweep-case.ts';

/** The oldest from which etcd may go on; kubeadm of before brought an older one. */
const ETCD_OLD = '3.5.32-0';
/** Hosts are many and cores are two. */
const POLL_MS = 400;

/** Hosts of the clusters of each place, what goes first in one of them first. A control plane is a cluster's only one that is played on. */
const CLUSTERS: Readonly<Record<Place, readonly (readonly string[])[]>> = {
  first: [['f1', 'f2', 'f3']],
  further: [['p1', 'p2', 'p3']],
  worker: [['w1', 'w2', 'w3']],
  'k3s-server': [['s1']],
  'k3s-agent': [['t1', 'a1']],
};

/** @param count of cases: no more clusters are made than there is something to play on. */
export function clustersOf(place: Place, count: number): readonly (readonly string[])[] {
  return CLUSTERS[place].slice(0, count);
}

export interface StandsFleet {
  readonly fleet: Fleet;
  readonly standIns: StandIns;
}

/** Makes a cluster. @returns nodes of it to play cases on, one after another on each of them. */
export async function makeStands(place: Place, names: readonly string[], { fleet, standIns }: StandsFleet): Promise<readonly Stand[]> {
  const hosts = names.map((name) => fleet.host(name));
  switch (place) {
    case 'first':
    case 'further':
    case 'worker':
      return makeKubeadmStands(place, fleet, hosts);
    case 'k3s-server':
    case 'k3s-agent':
      return [await makeK3sStand(place, hosts, { fleet, standIns })];
  }
}

/** Control planes before workers, the first of them before the others. */
async function makeKubeadmStands(place: 'first' | 'further' | 'worker', fleet: Fleet, hosts: readonly Host[]): Promise<readonly Stand[]> {
  const [planes, workers] = place === 'worker' ? [hosts.slice(0, 1), hosts.slice(1)] : [hosts, []];
  const names = (of: readonly Host[]): readonly string[] => of.map(({ name }) => name);
  const version = place === 'worker' ? KUBEADM_NEW : KUBEADM_OLD;
  const cluster = await makeKubeadmCluster(fleet, { controlPlanes: names(planes), workers: names(workers), version, workerVersion: KUBEADM_OLD, ...(place === 'worker' ? {} : { etcd: ETCD_OLD }) });
  const lonely = hosts.map((host) => new LonelyHost(host, POLL_MS));
  await Promise.all([...lonely.map(prepare), ...workers.map(prepareConfiguration)]);
  if (place === 'further') await upgrade(lonely[0], kubeadmSteps('first-control-plane'));
  const played = { first: lonely.slice(0, 1), further: lonely.slice(1, 2), worker: lonely.slice(1) }[place];
  const stepsOf = ({ steps }: Track): readonly StepSpec[] => steps(NO_BUILD);
  return Promise.all(played.map((one) => Stand.of({ lonely: one, cluster, together: place === 'worker' ? [one.host] : hosts, stepsOf })));
}

async function makeK3sStand(place: 'k3s-server' | 'k3s-agent', [server, agent]: readonly Host[], { fleet, standIns }: StandsFleet): Promise<Stand> {
  if (server === undefined) throw new Error(`${place} has no server`);
  const cluster = await makeK3sCluster(fleet, standIns, { server: server.name, agents: agent === undefined ? [] : [agent.name], version: K3S_OLD });
  const ofServer = new K3sHost(server, 'server', standIns, POLL_MS);
  const lonely = agent === undefined ? ofServer : new K3sHost(agent, 'agent', standIns, POLL_MS);
  await Promise.all([...new Set([ofServer, lonely])].map((one) => one.driveAtBoot()));
  if (agent !== undefined) await upgrade(ofServer, k3sSteps('server', K3S_MINOR, await ofServer.build(K3S_MINOR)));
  const builds = new Map([[K3S_PATCH, await lonely.build(K3S_PATCH)], [K3S_MINOR, await lonely.build(K3S_MINOR)]]);
  return Stand.of({ lonely, cluster, together: [lonely.host], stepsOf: ({ steps, k3s }) => steps(builds.get(k3s) ?? NO_BUILD) });
}

async function prepare(lonely: LonelyHost): Promise<void> {
  await lonely.prepareSource();
  await lonely.driveAtBoot();
}

async function upgrade(lonely: LonelyHost | undefined, steps: readonly StepSpec[]): Promise<void> {
  if (lonely === undefined) throw new Error('nobody goes first');
  await lonely.stage(1, steps);
  await lonely.agent('permit', '1');
  const { end } = await lonely.until(1, ({ running, end: over }) => !running && over !== null, OVER_MAX_MS);
  if (end?.kind !== 'done') throw new Error(`${lonely.host.name} is not upgraded: ${JSON.stringify(end)}\n${await lonely.log()}`);
}
