import type { HostFacts } from '../../shared/domain/host-facts.ts';
import type { NodeName } from '../../shared/domain/ids.ts';
import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';
import { isClockOff } from './assignment-block.ts';
import type { CataloguedSnapshot } from './cluster-snapshots.ts';
import type { NodeView, World } from './world.ts';

/** What a host keeps that a snapshot can be taken of; null where there is nothing, or somebody else keeps it. */
export function datastoreOf(facts: HostFacts | null): 'etcd' | 'sqlite' | null {
  const kubernetes = facts?.kubernetes ?? null;
  // Hosts of an etcd that was set up by hand are of no Kubernetes themselves.
  if (kubernetes === null) return (facts?.etcdMember ?? null) === null ? null : 'etcd';
  if (kubernetes.kind === 'kubeadm') return kubernetes.etcd.kind === 'stacked' ? 'etcd' : null;
  return kubernetes.datastore === 'etcd' || kubernetes.datastore === 'sqlite' ? kubernetes.datastore : null;
}

/** Which datastore a host keeps, '' where that is not known: members of one etcd have one id, and clusters that share a name do not. */
export function datastoreIdOf({ record, facts }: NodeView): string {
  const datastore = datastoreOf(facts?.facts ?? null);
  return datastore === null ? '' : idOf(datastore, record.name, facts?.facts.etcdMember?.clusterId ?? '');
}

/** Which one a snapshot is of. */
export function snapshotOf({ node, record }: CataloguedSnapshot): string {
  return idOf(record.datastore, node, record.clusterId ?? '');
}

/** The other cluster of this fleet that runs on what a snapshot was taken of; null where none does. Told by nobody but the hosts that run it. */
export function otherClusterOf({ nodes }: Pick<World, 'nodes'>, { cluster, datastore, clusterId, member }: Pick<SnapshotRecord, 'cluster' | 'datastore' | 'clusterId' | 'member'>): string | null {
  const taken = idOf(datastore, member.name, clusterId ?? '');
  const running = taken === '' ? [] : [...nodes.values()].filter((view) => datastoreIdOf(view) === taken).map(({ record }) => record.cluster);
  return running.includes(cluster) ? null : (running[0] ?? null);
}

/** K3s keeps its SQLite on one server alone. */
function idOf(datastore: 'etcd' | 'sqlite', node: NodeName, etcdId: string): string {
  return datastore === 'sqlite' ? `sqlite of ${node}` : etcdId && `etcd ${etcdId}`;
}

/** Every node on whose host a cluster's datastore lies, by what its agent tells, ordered by name. */
export function datastoreMembers(world: Pick<World, 'nodes'>, cluster: string): readonly NodeView[] {
  const members = [...world.nodes.values()].filter((view) => view.record.cluster === cluster && keepsDatastore(view));
  return members.toSorted((a, b) => (a.record.name < b.record.name ? -1 : 1));
}

/** Clusters that have such a node, ordered by name. */
export function clustersWithDatastore(world: Pick<World, 'nodes'>): readonly string[] {
  return [...new Set([...world.nodes.values()].filter(keepsDatastore).map(({ record }) => record.cluster))].toSorted();
}

function keepsDatastore({ record, facts }: NodeView): boolean {
  return record.approved && datastoreOf(facts?.facts ?? null) !== null;
}

/** Why a node cannot be ordered to do something with snapshots; '' where it can. */
export function whyNotOrdered(world: World, view: NodeView): string {
  const { session, facts, record } = view;
  if (!record.approved) return 'it awaits approval';
  if (session.state !== 'connected') return 'it has no session';
  if (isClockOff(world, view)) return 'its clock is off';
  return facts === null || facts.facts.snapshots === null ? 'its agent knows nothing of snapshots: upgrade it' : '';
}

/** `3.5` of `3.5.32-0`; null of what is no version. */
export function etcdMinor(version: string | null): string | null {
  return /^v?(\d+\.\d+)\./.exec(version ?? '')?.[1] ?? null;
}
