import { createHash, X509Certificate } from 'node:crypto';

import { failure, type Failure } from './failure.ts';
import { parseIdentityUri, type Identity } from './identity-uri.ts';
import { spkiOf } from './trusted-key.ts';

/** What one of our certificates says. Whether it is to be believed (chain, expiry, revocation) is decided elsewhere. */
export interface CertificateFacts {
  readonly identity: Identity;
  /** Lower-case hex. */
  readonly serial: string;
  /** Names one enrollment; every certificate renewed from it carries it on. */
  readonly enrollment: string;
  /** sha256 in hex of the certificate's public key (SPKI). */
  readonly keyHash: string;
  readonly notBeforeUnixMs: number;
  readonly notAfterUnixMs: number;
}

export type PeerIdentity = { readonly ok: true; readonly facts: CertificateFacts } | Failure<'identity-missing'>;

/** @param certificate anything with the DER in `raw`: tls.PeerCertificate, crypto.X509Certificate. */
export function identityOfPeerCertificate(certificate: { readonly raw: Buffer }): PeerIdentity {
  const x509 = new X509Certificate(certificate.raw);
  // Exactly one name: with two, each side might look at another one.
  const uri = /^URI:([^,"\s]+)$/.exec(x509.subjectAltName ?? '')?.[1];
  const identity = uri === undefined ? null : parseIdentityUri(uri);
  const enrollment = /^OU=([0-9a-f]{32})$/m.exec(x509.subject)?.[1];
  if (identity === null || enrollment === undefined) {
    return failure(
      'identity-missing',
      `the certificate names ${JSON.stringify(x509.subjectAltName ?? 'nobody')}, not one farrier:// node or operator; use one that this fleet's coordinator issued`,
    );
  }
  return {
    ok: true,
    facts: {
      identity,
      serial: x509.serialNumber.toLowerCase(),
      enrollment,
      keyHash: createHash('sha256').update(spkiOf(x509.publicKey)).digest('hex'),
      notBeforeUnixMs: x509.validFromDate.getTime(),
      notAfterUnixMs: x509.validToDate.getTime(),
    },
  };
}
