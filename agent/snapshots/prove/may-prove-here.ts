import { holdsCluster, isControlPlane, type RoleFacts } from '../../../shared/domain/node-role.ts';

export interface ProveSettings {
  /** Proofs run on this host though it is one of a control plane, or has a member of etcd. */
  readonly onControlPlane: boolean;
}

export interface MayProve {
  readonly may: boolean;
  /** One sentence for people, either way. */
  readonly reason: string;
}

/** A restore takes disk and memory from a living member of the datastore that it is to protect: by default it is for other hosts. */
export function mayProveHere(facts: RoleFacts, { onControlPlane }: ProveSettings): MayProve {
  if (!holdsCluster(facts)) return { may: true, reason: 'this host is none of a control plane, and has no member of etcd' };
  const held = isControlPlane(facts) ? 'this host is one of a control plane' : 'this host is one with a member of etcd';
  return onControlPlane
    ? { may: true, reason: `${held}, and its settings allow proofs on it` }
    : { may: false, reason: `${held}, whose datastore needs its disk and memory; prove on another host, or allow it in this host's settings` };
}
