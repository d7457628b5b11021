import 'reflect-metadata';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

import { failure, type Failure } from '../../shared/trust/failure.ts';
import { spkiOf } from '../../shared/trust/trusted-key.ts';

/** A P-256 request has some 400 bytes. */
const CSR_MAX_LENGTH = 8_192;

export type CsrReading =
  | { readonly ok: true; readonly publicKey: KeyObject; /** sha256 in hex of the SPKI. */ readonly keyHash: string }
  | Failure<'csr-invalid'>;

/** Takes the public key out of a CSR, and nothing else: names and usages are for the issuer to decide. Its signature proves possession of the key. */
export async function readCsr(pem: string): Promise<CsrReading> {
  if (pem.length > CSR_MAX_LENGTH) return invalid(`it has ${pem.length} characters, at most ${CSR_MAX_LENGTH} are read`);
  try {
    const csr = new Pkcs10CertificateRequest(pem);
    const publicKey = createPublicKey({ key: Buffer.from(csr.publicKey.rawData), format: 'der', type: 'spki' });
    if (publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return invalid('its key is not an ECDSA key on P-256');
    if (!(await csr.verify())) return invalid('its signature is not by the key that it names');
    return { ok: true, publicKey, keyHash: createHash('sha256').update(spkiOf(publicKey)).digest('hex') };
  } catch (error) {
    return invalid(error instanceof Error ? error.message : String(error));
  }
}

function invalid(why: string): Failure<'csr-invalid'> {
  return failure('csr-invalid', `the certificate signing request is not usable: ${why}; \`openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256\` makes one`);
}
