import type { KeyObject } from 'node:crypto';

import type { FleetName, NodeName } from '../domain/ids.ts';
import { PROOF_FACTS, PROOF_OUTCOMES, PROOF_PHASES, PROOF_SIDES, type ProofRecord } from '../domain/proof-record.ts';
import { DATASTORES, SNAPSHOT_ID_PATTERN } from '../domain/snapshot.ts';
import type { EnvelopeCode } from './dsse.ts';
import type { Envelope } from './envelope.ts';
import { failure, type Failure } from './failure.ts';
import { signNodeEnvelope, verifyNodeEnvelope } from './node-envelope.ts';
import { SNAPSHOT_PROOF_TYPE } from './payload-types.ts';

/**
 * too-large     no proof is
 * not-a-proof   it is signed, and its content is not what this version knows as a proof
 * not-proved    it says itself that something was different, or leaves out what every proof compares
 * another-node  it names another prover or fleet than the certificate
 */
export type ProofEnvelopeCode = EnvelopeCode | 'too-large' | 'not-a-proof' | 'not-proved' | 'another-node';

export type VerifiedProof = { readonly ok: true; readonly proof: ProofRecord } | Failure<ProofEnvelopeCode>;

const PAYLOAD_MAX_BYTES = 64 * 1024;
const COMPARISONS_MAX = 64;
const TEXT_MAX = 500;

/** What there is of every snapshot: without one of these nothing was proved. */
const ALWAYS_COMPARED = ['digest', 'structure', 'revision', 'live-keys'] as const;

/** @param keyPem of the node's certificate */
export function signSnapshotProof(proof: ProofRecord, keyPem: string): Envelope {
  return signNodeEnvelope(SNAPSHOT_PROOF_TYPE, Buffer.from(JSON.stringify(proof)), keyPem);
}

/** @param node who its certificate says it is; it was found valid */
export function verifySnapshotProof(envelope: Envelope, node: { readonly fleet: FleetName; readonly name: NodeName; readonly publicKey: KeyObject }): VerifiedProof {
  if (envelope.payload.length > PAYLOAD_MAX_BYTES) return failure('too-large', `the proof has ${envelope.payload.length} bytes, at most ${PAYLOAD_MAX_BYTES} are read`);
  const verified = verifyNodeEnvelope(envelope, node.publicKey, SNAPSHOT_PROOF_TYPE);
  if (!verified.ok) return verified;
  const proof = parseProof(verified.payload);
  if (typeof proof === 'string') return failure('not-a-proof', `what ${node.name} signed is no proof that this version knows: ${proof}; agent and coordinator may be more than one minor apart`);
  if (proof.prover !== node.name || proof.fleet !== node.fleet) return failure('another-node', `${node.name} of ${node.fleet} signed a proof that names ${proof.prover} of ${proof.fleet}: it is not believed`);
  const different = proof.comparisons.find(({ outcome }) => outcome === 'different');
  if (different !== undefined) return failure('not-proved', `${different.fact} was ${different.found} and not ${different.expected}: that is no proof`);
  const left = ALWAYS_COMPARED.find((fact) => !proof.comparisons.some((each) => each.fact === fact && each.outcome === 'same'));
  return left === undefined ? { ok: true, proof } : failure('not-proved', `${left} was not compared: that is no proof`);
}

/** @returns what is wrong with it, as text. */
function parseProof(payload: Buffer): ProofRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    return 'it is no JSON';
  }
  if (!isObject(value)) return 'it is no object';
  const wrong = Object.entries(FIELDS).find(([name, check]) => !check(value[name]))?.[0];
  return wrong === undefined ? (value as unknown as ProofRecord) : `its field ${wrong} makes no sense`;
}

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string' && value.length <= TEXT_MAX;
const name: Check = (value) => text(value) && value !== '';
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const elapsed: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const digest: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const oneOf = (values: readonly unknown[]): Check => (value) => values.includes(value);
const object = (fields: Readonly<Record<string, Check>>): Check => (value) => isObject(value) && Object.entries(fields).every(([field, check]) => check(value[field]));

const comparison = object({ fact: oneOf(PROOF_FACTS), against: oneOf(PROOF_SIDES), expected: text, found: text, outcome: oneOf(PROOF_OUTCOMES), because: text });

const FIELDS: Readonly<Record<keyof ProofRecord, Check>> = {
  fleet: name,
  cluster: name,
  prover: name,
  datastore: oneOf(DATASTORES),
  snapshot: object({ id: (value) => typeof value === 'string' && SNAPSHOT_ID_PATTERN.test(value), digest, revision: count, takenUnixMs: count }),
  comparisons: (value) => Array.isArray(value) && value.length <= COMPARISONS_MAX && value.every(comparison),
  tools: object({ restore: name, server: name }),
  phasesMs: object(Object.fromEntries(PROOF_PHASES.map((phase) => [phase, elapsed]))),
  provedUnixMs: count,
};

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
