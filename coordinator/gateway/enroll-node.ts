import { NODE_NAME_PATTERN } from '../../shared/domain/ids.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Random } from '../../shared/ports/random.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { spkiOf } from '../../shared/trust/trusted-key.ts';
import type { EnrollRequest__Output, EnrollResponse } from '../../shared/wire/messages.ts';
import type { AuditLog } from '../api/audit.ts';
import type { EventStore } from '../ports/event-store.ts';
import { SerialQueue } from '../runtime/serial-queue.ts';
import { issueIdentityCertificate } from '../trust/certificate-authority.ts';
import { claimNode, type ClaimedNode } from '../trust/claim-node.ts';
import { claimToken, type TokenCode } from '../trust/claim-token.ts';
import { NODE_PREFIX, readEnrolledNode } from '../trust/enrolled-node.ts';
import type { FleetKeys } from '../trust/fleet-keys.ts';
import { BACKDATE_MS, NODE_CERTIFICATE_LIFE_MS } from '../trust/lifetimes.ts';
import { newSerial } from '../trust/new-serial.ts';
import { readCsr } from '../trust/read-csr.ts';
import { publishTrust } from '../trust/trust-publisher.ts';
import { updateRecord } from '../trust/update-record.ts';

export interface EnrollmentParts {
  readonly store: EventStore;
  readonly keys: FleetKeys;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly random: Random;
  /** host:port of AgentLink, as hosts reach it. */
  readonly linkAddress: string;
  /** Called after a node was enrolled, or waits for approval; its record is durable by then. */
  readonly enrolled?: (node: string, state: 'enrolled' | 'pending-approval') => void;
}

export type EnrollmentCode = 'name-invalid' | 'machine-id-invalid' | 'csr-invalid' | 'another-pending' | TokenCode;

type Enrolled = { readonly ok: true; readonly response: EnrollResponse; readonly state: 'enrolled' | 'pending-approval' } | Failure<EnrollmentCode>;

/** systemd's format; hosts without one may leave it out. */
const MACHINE_ID_PATTERN = /^([0-9a-f]{32})?$/;

/**
 * Token, name, certificate: one use taken, the node recorded, the audit entry written, and only then the certificate handed out.
 * @param claims hosts with the same token take their uses one after another here, where they would lose races for its record all day.
 */
export async function enrollNode(parts: EnrollmentParts, request: EnrollRequest__Output, claims = new SerialQueue()): Promise<Enrolled> {
  const { store, keys, audit, clock, random } = parts;
  const { node, machineId } = request;
  if (!NODE_NAME_PATTERN.test(node)) return failure('name-invalid', `a node's name is 1 to 63 lower-case letters, digits, dots and dashes, not ${JSON.stringify(node.slice(0, 100))}; enroll with --name`);
  if (!MACHINE_ID_PATTERN.test(machineId)) return failure('machine-id-invalid', 'the machine id is not 32 hex digits; see /etc/machine-id on the host');
  const csr = await readCsr(request.csrPem);
  if (!csr.ok) return csr;
  const { keyHash } = csr;
  const claim = await claims.run(async () => await claimToken(parts, { token: request.token, node, keyHash }));
  if (!claim.ok) {
    // Who does not know a token's secret is nobody: anybody could fill the log.
    if (claim.id !== null) await audit.append({ who: `token/${claim.id}`, role: 'node', action: 'enroll', object: `node/${node}`, result: `refused: ${claim.code}` });
    return claim;
  }

  const nowUnixMs = clock.wallUnixMs();
  const certificate = { serial: newSerial(random), keyHash: csr.keyHash, notAfterUnixMs: nowUnixMs + NODE_CERTIFICATE_LIFE_MS };
  const newEnrollment = newSerial(random);
  const claimed = await updateRecord<ClaimedNode>(store, NODE_PREFIX + node, (value) =>
    claimNode(value === null ? null : readEnrolledNode(value), { node, machineId, token: claim.token, certificate, newEnrollment, nowUnixMs }),
  );
  await audit.append({
    who: `token/${claim.token.id}`,
    role: 'node',
    action: 'enroll',
    object: `node/${node}`,
    result: claimed.ok ? `${claimed.state}${claimed.again ? ' again' : ''}, serial ${certificate.serial}` : `refused: ${claimed.code}`,
  });
  if (!claimed.ok) return claimed;
  const certificatePem = await issueIdentityCertificate(keys.ca, { kind: 'node', fleet: keys.fleet, name: node }, claimed.enrollment, {
    serial: certificate.serial,
    publicKey: csr.publicKey,
    notBeforeUnixMs: nowUnixMs - BACKDATE_MS,
    notAfterUnixMs: certificate.notAfterUnixMs,
  });
  const response: EnrollResponse = {
    fleet: keys.fleet,
    node,
    certificatePem,
    caPem: keys.ca.certificatePem,
    rootKeySpki: spkiOf(keys.rootKey.publicKey),
    trust: await publishTrust(parts),
    linkAddress: parts.linkAddress,
    awaitsApproval: claimed.state === 'pending-approval',
  };
  parts.enrolled?.(node, claimed.state);
  return { ok: true, response, state: claimed.state };
}
