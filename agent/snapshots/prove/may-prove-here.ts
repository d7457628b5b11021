import type { HostFacts } from '../../../shared/domain/host-facts.ts';

export interface ProveSettings {
  /** Proofs run on this host though it is one of a control plane. */
  readonly onControlPlane: boolean;
}

export interface MayProve {
  readonly may: boolean;
  /** One sentence for people, either way. */
  readonly reason: string;
}

/** A restore takes disk and memory from a living member of the datastore that it is to protect: by default it is for other hosts. */
export function mayProveHere({ kubernetes }: Pick<HostFacts, 'kubernetes'>, { onControlPlane }: ProveSettings): MayProve {
  const isControlPlane = kubernetes !== null && (kubernetes.role === 'control-plane' || kubernetes.role === 'server');
  if (!isControlPlane) return { may: true, reason: 'this host is none of a control plane' };
  return onControlPlane
    ? { may: true, reason: 'this host is one of a control plane, and its settings allow proofs on it' }
    : { may: false, reason: 'this host is one of a control plane, whose datastore needs its disk and memory; prove on another host, or allow it in this host\'s settings' };
}
