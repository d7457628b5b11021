import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { NODE_NAME_PATTERN } from '../../shared/domain/ids.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { CA_HASH_PATTERN } from '../../shared/trust/ca-hash.ts';
import { createCsr, generateCertificateKey } from '../../shared/trust/create-csr.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { writeDurably } from '../../shared/files/write-durably.ts';
import type { EnrollResponse__Output } from '../../shared/wire/messages.ts';
import { callEnrollment } from './call-enrollment.ts';
import { readEnrollResponse } from './enroll-response.ts';
import { writeIdentityFacts } from './identity-facts.ts';
import { identityFolder, readIdentityFiles, replaceIdentity } from './identity-files.ts';
import { probeCa } from './probe-ca.ts';

export interface EnrollOrder {
  /** host:port of Enrollment. */
  readonly enrollAddress: string;
  readonly token: string;
  /** `sha256:<hex>`, as `farrier token create` prints it. */
  readonly caHash: string;
  readonly name: string;
  /** 32 hex digits of /etc/machine-id; empty where the host has none. */
  readonly machineId: string;
  readonly stateDir: string;
  /** Replaces an identity that is there. */
  readonly force: boolean;
  readonly clock: Clock;
}

export type EnrollCode =
  | 'identity-present'
  | 'name-invalid'
  | 'ca-hash-malformed'
  | 'unreachable'
  | 'no-ca-in-chain'
  | 'ca-hash-mismatch'
  | 'refused'
  | 'answer-invalid'
  | 'aborted';

export type Enrolled =
  | {
      readonly ok: true;
      readonly fleet: string;
      readonly node: string;
      readonly linkAddress: string;
      /** The name was taken: an operator has to approve this host in its place. */
      readonly awaitsApproval: boolean;
    }
  | Failure<EnrollCode>;

/**
 * Makes this host a node. The key is made here and stays here. Either all of the identity is written or none of it; an attempt
 * that lost the answer may be repeated and does not use up the token, because it asks with the same key.
 */
export async function enroll(order: EnrollOrder, signal: AbortSignal): Promise<Enrolled> {
  const { enrollAddress, token, caHash, name, machineId, stateDir, clock } = order;
  if (!NODE_NAME_PATTERN.test(name)) return failure('name-invalid', `a node's name is 1 to 63 lower-case letters, digits, dots and dashes, not ${JSON.stringify(name)}; give one with --name`);
  if (!CA_HASH_PATTERN.test(caHash)) return failure('ca-hash-malformed', `the CA hash is sha256: and 64 hex digits, as \`farrier token create\` prints it, not ${JSON.stringify(caHash)}`);
  if (!order.force && (await isEnrolled(stateDir))) {
    return failure('identity-present', `this host has an identity already (${identityFolder(stateDir)}); \`farrier-agent status\` shows it, --force replaces it`);
  }
  const probed = await probeCa(enrollAddress, caHash, signal);
  if (!probed.ok) return probed;
  const keyPem = await keyOfAttempt(stateDir);
  const csrPem = createCsr(name, keyPem);
  const answer = await callEnrollment<EnrollResponse__Output>(
    enrollAddress,
    probed.caPem,
    (client, options, done) => client.Enroll({ token, node: name, csrPem, machineId }, options, done),
    signal,
  );
  if (!answer.ok) return answer;
  const read = readEnrollResponse(answer.response, { name, caHash, keyPem, nowUnixMs: clock.wallUnixMs() });
  if (!read.ok) return read;
  const { fleet, linkAddress, files } = read;
  await replaceIdentity(stateDir, {
    ...files,
    'key.pem': keyPem,
    'identity.json': writeIdentityFacts({ fleet, node: name, linkAddress, enrollAddress, caHash, enrolledUnixMs: clock.wallUnixMs() }),
  });
  await rm(attemptKeyPath(stateDir), { force: true });
  return { ok: true, fleet, node: name, linkAddress, awaitsApproval: answer.response.awaitsApproval };
}

/** Kept until the identity is written, so that the next attempt after a crash is the same one to the coordinator. */
async function keyOfAttempt(stateDir: string): Promise<string> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const path = attemptKeyPath(stateDir);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const keyPem = generateCertificateKey();
  await writeDurably(path, keyPem);
  return keyPem;
}

function attemptKeyPath(stateDir: string): string {
  return join(stateDir, 'enrolling.key');
}

async function isEnrolled(stateDir: string): Promise<boolean> {
  try {
    return (await readIdentityFiles(stateDir)) !== null;
  } catch {
    // Damaged, but somebody's: only --force replaces it.
    return true;
  }
}
