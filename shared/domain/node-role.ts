import type { HostFacts } from './host-facts.ts';

/** As people call it; empty where the host is of no cluster. */
export type NodeRole = 'control-plane' | 'worker' | 'server' | 'agent' | '';

export function roleOf(facts: HostFacts | null): NodeRole {
  return facts?.kubernetes?.role ?? '';
}

/** It runs an API server, and mostly a member of the datastore. */
export function isControlPlane(facts: HostFacts | null): boolean {
  const role = roleOf(facts);
  return role === 'control-plane' || role === 'server';
}
