import type { NodeName } from '../../shared/domain/ids.ts';
import { datastoreIdOf, datastoreMembers, datastoreOf, etcdMinor, whyNotOrdered } from './datastore-members.ts';
import { etcdLookOf, isCorrupt } from './etcd-look-of.ts';
import type { NodeView, World } from './world.ts';

/** Whose datastore a snapshot is taken of. */
export interface Taker {
  readonly node: NodeName;
  readonly datastore: 'etcd' | 'sqlite';
  /** Of etcd, what restores it; null where nobody knows before it is taken, and of SQLite. */
  readonly minor: string | null;
  /** How large it is, as far as it is known; 0 where it is not. */
  readonly sizeBytes: number;
}

/** The one that a person named, or a healthy voting member, and not the leader where another can. @returns why not, as text */
export function chooseTaker(world: World, cluster: string, named: NodeName | null): Taker | string {
  const members = datastoreMembers(world, cluster).filter(({ record }) => named === null || record.name === named);
  if (members.length === 0) return named === null ? noMember(cluster) : notThere(world, cluster, named);
  const several = [...Map.groupBy(members, datastoreIdOf)].filter(([id]) => id !== '');
  // A snapshot of one of them proves nothing of the others.
  if (several.length > 1) return `nodes of ${several.length} datastores share the name ${JSON.stringify(cluster)} of a cluster: ${several.slice(0, 3).map(([id, [first]]) => `${first?.record.name} has ${id}`).join(', ')}; give each cluster a name of its own, or remove hosts that are gone for good: farrier node remove`;
  const judged = members.map((view) => ({ view, why: whyNotOrdered(world, view) || whyNotTaken(view) }));
  const able = judged.filter(({ why }) => why === '').map(({ view }) => view);
  const [chosen] = able.toSorted((a, b) => Number(leads(a)) - Number(leads(b)));
  if (chosen === undefined) return `no host can take a snapshot of the datastore of cluster ${cluster}: ${judged.map(({ view, why }) => `${view.record.name}: ${why}`).join('; ')}`;
  const facts = chosen.facts?.facts ?? null;
  const datastore = datastoreOf(facts) ?? 'etcd';
  return { node: chosen.record.name, datastore, minor: datastore === 'etcd' ? etcdMinor(versionOf(chosen)) : null, sizeBytes: etcdLookOf(chosen)?.dbBytes ?? 0 };
}

/** What it has may be behind its cluster, or wrong. */
function whyNotTaken(view: NodeView): string {
  const look = etcdLookOf(view);
  if (look === null) return '';
  if (look.members.some(({ id, isLearner }) => id === look.memberId && isLearner)) return 'its member is a learner and may not have everything yet';
  if (isCorrupt(look)) return 'its member is corrupt';
  return look.trouble === '' ? '' : `its member cannot be counted on: ${look.trouble}`;
}

function leads(view: NodeView): boolean {
  return etcdLookOf(view)?.isLeader ?? false;
}

function versionOf(view: NodeView): string | null {
  const kubernetes = view.facts?.facts.kubernetes ?? null;
  const ofImage = kubernetes?.kind === 'kubeadm' && kubernetes.etcd.kind === 'stacked' ? kubernetes.etcd.version : null;
  return etcdLookOf(view)?.version ?? ofImage;
}

function notThere({ nodes }: World, cluster: string, named: NodeName): string {
  const found = nodes.get(named);
  if (found === undefined) return `no node is called ${named}; \`farrier node ls\` lists them`;
  if (found.record.cluster !== cluster) return `${named} is no node of cluster ${JSON.stringify(cluster)}; \`farrier node ls\` lists the nodes and their clusters`;
  return `${named} keeps no datastore of cluster ${cluster} that a snapshot can be taken of; \`farrier node show ${named}\` tells what its host runs`;
}

function noMember(cluster: string): string {
  return `no node of cluster ${JSON.stringify(cluster)} keeps a datastore that a snapshot can be taken of (of an external one none can); \`farrier node ls\` lists the nodes and their clusters`;
}
