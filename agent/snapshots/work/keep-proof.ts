import { catalogueProof, type ProofRecord } from '../../../shared/domain/proof-record.ts';
import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import { type EnvelopeJson, envelopeToJson } from '../../../shared/trust/envelope-json.ts';
import { signSnapshotProof } from '../../../shared/trust/snapshot-proof.ts';
import type { WorkContext } from './work-context.ts';

/** Of the largest that etcd is made for, on a slow disk. */
export const PROOF_MAX_MS = 2 * 3_600_000;

/** Catalogues a proof. @returns it, signed; null on a host that has nothing to sign it with */
export async function keepProof(record: SnapshotRecord, proof: ProofRecord, { catalogue, keyPem }: Pick<WorkContext, 'catalogue' | 'keyPem'>): Promise<EnvelopeJson | null> {
  await catalogue.put({ ...record, proof: catalogueProof(proof) });
  return keyPem === null ? null : envelopeToJson(signSnapshotProof(proof, keyPem));
}
