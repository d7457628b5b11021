import type { Clock } from '../../shared/ports/clock.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { describeIdentity, type Identity, type OperatorRole } from '../../shared/trust/identity-uri.ts';
import { identityOfPeerCertificate, type CertificateFacts } from '../../shared/trust/peer-identity.ts';
import type { EventStore } from '../ports/event-store.ts';
import { getEnrolledNode } from './node-registry.ts';
import { getOperator } from './operator-registry.ts';
import { findRevocation } from './revocations.ts';

export type Peer =
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'operator'; readonly name: string; readonly role: OperatorRole };

export type AuthenticationCode =
  | 'certificate-missing'
  | 'identity-missing'
  | 'wrong-kind'
  | 'wrong-fleet'
  | 'certificate-expired'
  | 'certificate-not-yet-valid'
  | 'certificate-revoked'
  | 'certificate-superseded'
  | 'node-unknown'
  | 'operator-unknown'
  | 'pending-approval';

/** `who`: whose certificate it is, though it is not taken; null where it names nobody. */
export type AuthenticationRefusal = Failure<AuthenticationCode> & { readonly who: Identity | null };

export type Authentication = { readonly ok: true; readonly peer: Peer } | AuthenticationRefusal;

export interface AuthenticationParts {
  readonly fleet: string;
  readonly store: EventStore;
  readonly clock: Clock;
}

/**
 * Who shows this certificate. TLS has proved that our CA signed it and that the peer holds its key; everything else is asked
 * here, anew for every stream: TLS lets a resumed session outlive the certificate that it began with.
 * @param expected what the service asked for is there for.
 */
export async function authenticateCertificate(parts: AuthenticationParts, certificate: { readonly raw: Buffer } | null, expected: Expected): Promise<Authentication> {
  if (certificate === null) return { ...failure('certificate-missing', `no client certificate was shown; ${remedyFor(expected)}`), who: null };
  const peer = identityOfPeerCertificate(certificate);
  if (!peer.ok) return { ...peer, who: null };
  const judged = await judge(parts, peer.facts, expected);
  return judged.ok ? judged : { ...judged, who: peer.facts.identity };
}

type Expected = 'node' | 'operator' | 'any';
type Judged = { readonly ok: true; readonly peer: Peer } | Failure<AuthenticationCode>;

async function judge({ fleet, store, clock }: AuthenticationParts, facts: CertificateFacts, expected: Expected): Promise<Judged> {
  const { identity } = facts;
  if (expected !== 'any' && identity.kind !== expected) {
    return failure('wrong-kind', `this is the certificate of ${describeIdentity(identity)}; here only the certificate of ${aKind(expected)} is taken: ${remedyFor(expected)}`);
  }
  if (identity.fleet !== fleet) return failure('wrong-fleet', `this is the certificate of ${describeIdentity(identity)}; this coordinator serves fleet ${fleet}`);
  const untimely = checkTime(facts, clock.wallUnixMs());
  if (untimely !== null) return untimely;
  for (const id of [facts.serial, facts.enrollment]) {
    const revocation = await findRevocation(store, id);
    if (revocation !== null) {
      const when = new Date(revocation.revokedUnixMs).toISOString();
      return failure('certificate-revoked', `the certificate of ${describeIdentity(identity)} was revoked by ${revocation.by} at ${when} (${revocation.why}); ${remedyFor(identity.kind)}`);
    }
  }
  return identity.kind === 'node' ? await checkNode(store, identity.name, facts.enrollment) : await checkOperator(store, identity, facts.serial);
}

function checkTime({ identity, notBeforeUnixMs, notAfterUnixMs }: CertificateFacts, nowUnixMs: number): Failure<AuthenticationCode> | null {
  if (nowUnixMs >= notAfterUnixMs) {
    const remedy = identity.kind === 'node' ? 'the agent renews it by itself when it reaches the enrollment address' : 'an admin issues a new one: farrier operator create';
    return failure('certificate-expired', `the certificate of ${describeIdentity(identity)} expired at ${new Date(notAfterUnixMs).toISOString()}; ${remedy}`);
  }
  if (nowUnixMs < notBeforeUnixMs) {
    return failure('certificate-not-yet-valid', `the certificate of ${describeIdentity(identity)} is valid from ${new Date(notBeforeUnixMs).toISOString()}; the coordinator's clock is behind`);
  }
  return null;
}

async function checkNode(store: EventStore, name: string, enrollment: string): Promise<Judged> {
  const node = await getEnrolledNode(store, name);
  if (node === null) return failure('node-unknown', `node ${name} is not in this fleet, or was removed from it; ${remedyFor('node')}`);
  if (node.pending?.identity.enrollment === enrollment || (node.identity.enrollment === enrollment && !node.approved)) {
    return failure('pending-approval', `node ${name} was enrolled before, and no operator has let this host take its place; an operator can: farrier node approve ${name}`);
  }
  if (node.identity.enrollment !== enrollment) {
    return failure('certificate-superseded', `another host (machine id ${node.identity.machineId}) is node ${name} now; if this one shall be it, ${remedyFor('node')}`);
  }
  return { ok: true, peer: { kind: 'node', node: name } };
}

async function checkOperator(store: EventStore, { name, role }: { readonly name: string; readonly role: OperatorRole }, serial: string): Promise<Judged> {
  const operator = await getOperator(store, name);
  if (operator === null) return failure('operator-unknown', `no operator is called ${name}; ${remedyFor('operator')}`);
  if (operator.serial !== serial || operator.role !== role) {
    return failure('certificate-superseded', `a newer certificate was issued for operator ${name}; use that one`);
  }
  return { ok: true, peer: { kind: 'operator', name, role } };
}

function aKind(kind: 'node' | 'operator'): string {
  return kind === 'node' ? 'a node' : 'an operator';
}

function remedyFor(kind: Expected): string {
  return kind === 'operator' ? 'an admin issues one: farrier operator create' : 'enroll the host again: farrier-agent enroll --force';
}
