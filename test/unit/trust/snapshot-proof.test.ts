import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';

import { generateCertificateKey } from '../../../shared/trust/create-csr.ts';
import { signEnvelope } from '../../../shared/trust/dsse.ts';
import type { Envelope } from '../../../shared/trust/envelope.ts';
import { signNodeEnvelope } from '../../../shared/trust/node-envelope.ts';
import { ASSIGNMENT_TYPE, SNAPSHOT_PROOF_TYPE } from '../../../shared/trust/payload-types.ts';
import { generateSigningKey } from '../../../shared/trust/signing-key.ts';
import { signSnapshotProof, verifySnapshotProof } from '../../../shared/trust/snapshot-proof.ts';
import { exampleProofRecord } from '../../support/example-proof-record.ts';

const keyPem = generateCertificateKey();
const strangerPem = generateCertificateKey();
const node = { fleet: 'demo', name: 'worker-1', publicKey: createPublicKey(keyPem) };

const PROOF = exampleProofRecord();
const good = signSnapshotProof(PROOF, keyPem);
const changed = (change: object): Envelope => signSnapshotProof({ ...PROOF, ...change }, keyPem);

test('a proof comes back as it was signed', () => {
  expect(verifySnapshotProof(good, node)).toEqual({ ok: true, proof: PROOF });
});

describe('not believed', () => {
  const [signature] = good.signatures;
  if (signature === undefined) throw new Error('nothing was signed');
  const [first, ...others] = PROOF.comparisons;
  test.each<[string, Envelope, string]>([
    ['by another key', signSnapshotProof(PROOF, strangerPem), 'signature-invalid'],
    ['changed since', { ...good, payload: Buffer.from(good.payload.toString().replace('"revision":302', '"revision":303')) }, 'signature-invalid'],
    ['unsigned', { ...good, signatures: [] }, 'unsigned'],
    ['signed twice', { ...good, signatures: [signature, signature] }, 'too-many-signatures'],
    ['of another type', signEnvelope(ASSIGNMENT_TYPE, good.payload, generateSigningKey()), 'payload-type-mismatch'],
    ['of another node', changed({ prover: 'worker-2' }), 'another-node'],
    ['of another fleet', changed({ fleet: 'other' }), 'another-node'],
    ['with a difference in it', changed({ comparisons: [...PROOF.comparisons, { ...first, outcome: 'different' }] }), 'not-proved'],
    ['that leaves out what is always compared', changed({ comparisons: others }), 'not-proved'],
    ['that did not compare it', changed({ comparisons: [{ ...first, outcome: 'not-compared' }, ...others] }), 'not-proved'],
    ['no JSON', signNodeEnvelope(SNAPSHOT_PROOF_TYPE, Buffer.from('{'), keyPem), 'not-a-proof'],
    ['no object', signNodeEnvelope(SNAPSHOT_PROOF_TYPE, Buffer.from('[]'), keyPem), 'not-a-proof'],
    ['without a digest', changed({ snapshot: { ...PROOF.snapshot, digest: '' } }), 'not-a-proof'],
    ['with a phase that took less than nothing', changed({ phasesMs: { ...PROOF.phasesMs, start: -1 } }), 'not-a-proof'],
    ['with an unknown fact', changed({ comparisons: [...PROOF.comparisons, { ...first, fact: 'mood' }] }), 'not-a-proof'],
    ['very large', signNodeEnvelope(SNAPSHOT_PROOF_TYPE, Buffer.alloc(70_000, 32), keyPem), 'too-large'],
  ])('%s', (_what, envelope, code) => {
    expect(verifySnapshotProof(envelope, node)).toMatchObject({ ok: false, code });
  });

  test('where the node\'s key is of another kind', () => {
    expect(verifySnapshotProof(good, { ...node, publicKey: generateSigningKey().publicKey })).toMatchObject({ ok: false, code: 'signature-invalid' });
  });
});
