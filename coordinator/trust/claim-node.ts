import type { NodeName } from '../../shared/domain/ids.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { hasKey, withCertificate, type EnrolledNode, type NodeIdentity } from './enrolled-node.ts';
import type { TokenRecord } from './token-record.ts';
import type { RecordChange } from './update-record.ts';

/** A host with a valid token asks to be the node of this name. */
export interface NodeClaim {
  readonly node: NodeName;
  readonly machineId: string;
  readonly token: TokenRecord;
  /** Of the certificate about to be issued. */
  readonly certificate: NodeIdentity['certificates'][number];
  /** Used if this is a new enrollment. */
  readonly newEnrollment: string;
  readonly nowUnixMs: number;
}

export type ClaimedNode =
  | { readonly ok: true; readonly enrollment: string; readonly state: 'enrolled' | 'pending-approval'; readonly again: boolean }
  | Failure<'another-pending'>;

/**
 * Pure. A free name is taken at once. A taken one waits beside the present owner until a person approves.
 * The same key again gets the same enrollment: a host that lost the answer, or crashed, asks once more.
 */
export function claimNode(present: EnrolledNode | null, claim: NodeClaim): RecordChange<ClaimedNode> {
  const { node, certificate } = claim;
  const fresh = placeOf(claim);
  if (present === null) {
    return { write: { name: node, approved: true, ...fresh, pending: null } satisfies EnrolledNode, result: claimed(fresh.identity, 'enrolled', false) };
  }
  if (hasKey(present.identity, certificate.keyHash)) {
    const identity = withCertificate(present.identity, certificate);
    return { write: { ...present, identity }, result: claimed(identity, 'enrolled', true) };
  }
  if (present.pending === null) {
    return { write: { ...present, pending: fresh }, result: claimed(fresh.identity, 'pending-approval', false) };
  }
  if (hasKey(present.pending.identity, certificate.keyHash)) {
    const identity = withCertificate(present.pending.identity, certificate);
    return { write: { ...present, pending: { ...present.pending, identity } }, result: claimed(identity, 'pending-approval', true) };
  }
  // The first one stays: what an operator looked at is what the operator approves.
  const { machineId } = present.pending.identity;
  return {
    write: null,
    result: failure('another-pending', `another host (machine id ${machineId}) already waits for approval as ${node}; an operator approves it, rejects it, or removes the node: farrier node show ${node}`),
  };
}

function placeOf({ token, certificate, machineId, newEnrollment, nowUnixMs }: NodeClaim) {
  const { labels, cluster, zone, site } = token;
  const identity: NodeIdentity = { enrollment: newEnrollment, machineId, token: token.id, certificates: [certificate] };
  return { labels, cluster, zone, site, enrolledUnixMs: nowUnixMs, identity };
}

function claimed(identity: NodeIdentity, state: 'enrolled' | 'pending-approval', again: boolean): ClaimedNode {
  return { ok: true, enrollment: identity.enrollment, state, again };
}
