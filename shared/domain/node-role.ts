import type { HostFacts } from './host-facts.ts';

/** What of a host tells its role; null where nothing is known of it. */
export type RoleFacts = Pick<HostFacts, 'kubernetes' | 'etcdMember'>;

/** As people call it; empty where the host is of no cluster. */
export type NodeRole = 'control-plane' | 'worker' | 'server' | 'agent' | '';

export function roleOf(facts: RoleFacts | null): NodeRole {
  return facts?.kubernetes?.role ?? '';
}

/** It runs an API server, and mostly a member of the datastore. */
export function isControlPlane(facts: RoleFacts | null): boolean {
  const role = roleOf(facts);
  return role === 'control-plane' || role === 'server';
}

/** What a cluster cannot lose two of at once: it runs an API server, or a member of etcd that was set up by hand. */
export function holdsCluster(facts: RoleFacts | null): boolean {
  return isControlPlane(facts) || (facts?.etcdMember ?? null) !== null;
}

/** A host of which nothing is known may run anything. */
export function mayHaveMember(facts: RoleFacts | null): boolean {
  if (facts === null || facts.etcdMember !== null) return true;
  const { kubernetes } = facts;
  return kubernetes?.kind === 'k3s' ? kubernetes.datastore === 'etcd' : kubernetes?.etcd.kind === 'stacked';
}
