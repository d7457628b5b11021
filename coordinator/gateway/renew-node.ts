import { X509Certificate } from 'node:crypto';

import { failure, type Failure } from '../../shared/trust/failure.ts';
import { describeIdentity } from '../../shared/trust/identity-uri.ts';
import { identityOfPeerCertificate, type CertificateFacts } from '../../shared/trust/peer-identity.ts';
import { isRenewalProof } from '../../shared/trust/renew-proof.ts';
import type { RenewRequest__Output, RenewResponse } from '../../shared/wire/messages.ts';
import { issueIdentityCertificate } from '../trust/certificate-authority.ts';
import { NODE_PREFIX, readEnrolledNode, withCertificate, type EnrolledNode } from '../trust/enrolled-node.ts';
import type { FleetKeys } from '../trust/fleet-keys.ts';
import { BACKDATE_MS, NODE_CERTIFICATE_LIFE_MS, RENEW_GRACE_MS } from '../trust/lifetimes.ts';
import { newSerial } from '../trust/new-serial.ts';
import { readCsr } from '../trust/read-csr.ts';
import { findRevocation } from '../trust/revocations.ts';
import { updateRecord, type RecordChange } from '../trust/update-record.ts';
import type { EnrollmentParts } from './enroll-node.ts';

export type RenewalCode =
  | 'certificate-unreadable'
  | 'certificate-foreign'
  | 'identity-missing'
  | 'wrong-kind'
  | 'wrong-fleet'
  | 'grace-over'
  | 'certificate-revoked'
  | 'proof-invalid'
  | 'csr-invalid'
  | 'node-unknown'
  | 'certificate-superseded';

type Renewed = { readonly ok: true; readonly response: RenewResponse } | Failure<RenewalCode>;

const ENROLL_AGAIN = 'enroll the host again: farrier-agent enroll --force';
const CERTIFICATE_MAX_LENGTH = 16_384;

/**
 * A new certificate for the holder of an old one, expired or not. A replayed request yields a certificate for the same new
 * key, which whoever replays does not hold; it changes nothing for the node.
 */
export async function renewNode(parts: EnrollmentParts, request: RenewRequest__Output): Promise<Renewed> {
  const { store, keys, audit, clock, random } = parts;
  const nowUnixMs = clock.wallUnixMs();
  const old = readOldCertificate(keys, request);
  if (!old.ok) return old;
  const { facts } = old;
  const { name } = facts.identity;
  const refused = async (refusal: Failure<RenewalCode>): Promise<Failure<RenewalCode>> => {
    await audit.append({ who: `node/${name}`, role: 'node', action: 'renew', object: `node/${name}`, result: `refused: ${refusal.code}` });
    return refusal;
  };
  if (nowUnixMs > facts.notAfterUnixMs + RENEW_GRACE_MS) {
    const days = RENEW_GRACE_MS / 86_400_000;
    return await refused(failure('grace-over', `the certificate of ${describeIdentity(facts.identity)} expired at ${new Date(facts.notAfterUnixMs).toISOString()}, more than ${days} days ago; ${ENROLL_AGAIN}`));
  }
  if ((await findRevocation(store, facts.serial)) !== null || (await findRevocation(store, facts.enrollment)) !== null) {
    return await refused(failure('certificate-revoked', `the certificate of ${describeIdentity(facts.identity)} was revoked; an operator has to let it in again, then ${ENROLL_AGAIN}`));
  }
  const csr = await readCsr(request.csrPem);
  if (!csr.ok) return csr;
  const certificate = { serial: newSerial(random), keyHash: csr.keyHash, notAfterUnixMs: nowUnixMs + NODE_CERTIFICATE_LIFE_MS };
  const recorded = await updateRecord(store, NODE_PREFIX + name, (value) =>
    recordRenewal(value === null ? null : readEnrolledNode(value), name, facts.enrollment, certificate),
  );
  if (recorded !== null) return await refused(recorded);
  const lateMs = nowUnixMs - facts.notAfterUnixMs;
  const result = `serial ${certificate.serial}${lateMs >= 0 ? `, ${Math.floor(lateMs / 86_400_000)} days after expiry` : ''}`;
  await audit.append({ who: `node/${name}`, role: 'node', action: 'renew', object: `node/${name}`, result });
  const certificatePem = await issueIdentityCertificate(keys.ca, facts.identity, facts.enrollment, {
    serial: certificate.serial,
    publicKey: csr.publicKey,
    notBeforeUnixMs: nowUnixMs - BACKDATE_MS,
    notAfterUnixMs: certificate.notAfterUnixMs,
  });
  return { ok: true, response: { certificatePem, caPem: keys.ca.certificatePem } };
}

type OldCertificate = { readonly ok: true; readonly facts: CertificateFacts } | Failure<RenewalCode>;

/** No TLS stands before this: chain, kind, fleet and possession of the key are all checked here. */
function readOldCertificate(keys: FleetKeys, request: RenewRequest__Output): OldCertificate {
  const x509 = parseCertificate(request.certificatePem);
  if (x509 === null) return failure('certificate-unreadable', `the old certificate cannot be read; ${ENROLL_AGAIN}`);
  if (!x509.checkIssued(keys.ca.certificate) || !x509.verify(keys.ca.certificate.publicKey)) {
    return failure('certificate-foreign', `the old certificate was not issued by the CA of fleet ${keys.fleet} (${keys.ca.hash}); ${ENROLL_AGAIN}`);
  }
  const peer = identityOfPeerCertificate(x509);
  if (!peer.ok) return peer;
  const { identity } = peer.facts;
  if (identity.kind !== 'node') return failure('wrong-kind', `this is the certificate of ${describeIdentity(identity)}; only nodes renew by themselves, an admin issues this one: farrier operator create`);
  if (identity.fleet !== keys.fleet) return failure('wrong-fleet', `this is the certificate of ${describeIdentity(identity)}; this coordinator serves fleet ${keys.fleet}`);
  if (!isRenewalProof(request.csrPem, x509.publicKey, request.signature)) {
    return failure('proof-invalid', 'the request is not signed by the key of the old certificate');
  }
  return peer;
}

/** Pure. A host that still waits for its approval may renew as well: that lets nobody in. */
function recordRenewal(
  node: EnrolledNode | null,
  name: string,
  enrollment: string,
  certificate: EnrolledNode['identity']['certificates'][number],
): RecordChange<Failure<RenewalCode> | null> {
  if (node === null) return { write: null, result: failure('node-unknown', `node ${name} is not in this fleet, or was removed from it; ${ENROLL_AGAIN}`) };
  if (node.identity.enrollment === enrollment) {
    return { write: { ...node, identity: withCertificate(node.identity, certificate) }, result: null };
  }
  if (node.pending?.identity.enrollment === enrollment) {
    const identity = withCertificate(node.pending.identity, certificate);
    return { write: { ...node, pending: { ...node.pending, identity } }, result: null };
  }
  return { write: null, result: failure('certificate-superseded', `another host (machine id ${node.identity.machineId}) is node ${name} now; if this one shall be it, ${ENROLL_AGAIN}`) };
}

function parseCertificate(pem: string): X509Certificate | null {
  if (pem.length > CERTIFICATE_MAX_LENGTH) return null;
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}
