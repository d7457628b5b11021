import { createPrivateKey, X509Certificate } from 'node:crypto';

import { caHashOf } from '../../shared/trust/ca-hash.ts';
import { identityOfPeerCertificate } from '../../shared/trust/peer-identity.ts';

/** Whom a certificate that was just issued has to name, and for which key under which CA. */
export interface IssuedExpectation {
  readonly fleet: string;
  readonly node: string;
  /** `sha256:<hex>`, pinned at enrollment. */
  readonly caHash: string;
  readonly keyPem: string;
}

/** @returns what does not fit together, for a person; null where everything does. */
export function problemWithIssued(certificatePem: string, caPem: string, { fleet, node, caHash, keyPem }: IssuedExpectation): string | null {
  try {
    const [certificate, ca] = [new X509Certificate(certificatePem), new X509Certificate(caPem)];
    if (caHashOf(ca) !== caHash) return `it names a CA with the hash ${caHashOf(ca)}, pinned is ${caHash}`;
    if (!certificate.verify(ca.publicKey)) return 'the certificate was not issued by its CA';
    if (!certificate.checkPrivateKey(createPrivateKey(keyPem))) return 'the certificate is not for the key of this host';
    const peer = identityOfPeerCertificate(certificate);
    const named = peer.ok ? peer.facts.identity : null;
    return named?.kind === 'node' && named.name === node && named.fleet === fleet ? null : `the certificate does not name node ${node} of fleet ${fleet}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
