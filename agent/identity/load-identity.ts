import { createPrivateKey, X509Certificate } from 'node:crypto';

import { failure, type Failure } from '../../shared/trust/failure.ts';
import { identityOfPeerCertificate } from '../../shared/trust/peer-identity.ts';
import { trustedKeyFromPem, type TrustedKey } from '../../shared/trust/trusted-key.ts';
import { readIdentityFacts, type IdentityFacts } from './identity-facts.ts';
import { identityFolder, readIdentityFiles } from './identity-files.ts';

/** Who this host is, and what it trusts; all of it was checked to fit together. */
export interface AgentIdentity extends IdentityFacts {
  readonly keyPem: string;
  readonly certificatePem: string;
  readonly caPem: string;
  readonly rootKey: TrustedKey;
  readonly serial: string;
  readonly notBeforeUnixMs: number;
  /** May be over: such an identity can still renew itself. */
  readonly notAfterUnixMs: number;
}

export type LoadedIdentity = { readonly ok: true; readonly identity: AgentIdentity } | Failure<'not-enrolled' | 'identity-broken'>;

export async function loadIdentity(stateDir: string): Promise<LoadedIdentity> {
  try {
    const files = await readIdentityFiles(stateDir);
    if (files === null) return failure('not-enrolled', 'this host belongs to no fleet yet; run `farrier-agent enroll` with a token from `farrier token create`');
    const facts = readIdentityFacts(files['identity.json']);
    if (facts === null) return broken(stateDir, 'identity.json makes no sense');
    const certificate = new X509Certificate(files['cert.pem']);
    if (!certificate.checkPrivateKey(createPrivateKey(files['key.pem']))) return broken(stateDir, 'key.pem is not the key of cert.pem');
    const peer = identityOfPeerCertificate(certificate);
    if (!peer.ok) return broken(stateDir, peer.message);
    const { identity, serial, notBeforeUnixMs, notAfterUnixMs } = peer.facts;
    if (identity.kind !== 'node' || identity.name !== facts.node || identity.fleet !== facts.fleet) return broken(stateDir, 'cert.pem names another node than identity.json');
    return {
      ok: true,
      identity: {
        ...facts,
        keyPem: files['key.pem'],
        certificatePem: files['cert.pem'],
        caPem: files['ca.pem'],
        rootKey: trustedKeyFromPem(files['root.pem']),
        serial,
        notBeforeUnixMs,
        notAfterUnixMs,
      },
    };
  } catch (error) {
    return broken(stateDir, error instanceof Error ? error.message : String(error));
  }
}

function broken(stateDir: string, why: string): Failure<'identity-broken'> {
  return failure('identity-broken', `${identityFolder(stateDir)} is damaged: ${why}; enroll again: farrier-agent enroll --force`);
}
