import { envelopeToJson } from '../../shared/trust/envelope-json.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { verifyTrustDocument } from '../../shared/trust/trust-document.ts';
import { trustedKeyFromSpki } from '../../shared/trust/trusted-key.ts';
import type { EnrollResponse__Output } from '../../shared/wire/messages.ts';
import type { IdentityFiles } from './identity-files.ts';
import { problemWithIssued } from './problem-with-issued.ts';

export interface EnrollExpectation {
  readonly name: string;
  readonly caHash: string;
  readonly keyPem: string;
  readonly nowUnixMs: number;
}

export type ReadEnrollResponse =
  | { readonly ok: true; readonly fleet: string; readonly linkAddress: string; readonly files: Omit<IdentityFiles, 'key.pem' | 'identity.json'> }
  | Failure<'answer-invalid'>;

/** Believes nothing that does not fit together: a coordinator that answers nonsense must not leave an identity behind. */
export function readEnrollResponse(response: EnrollResponse__Output, { name, caHash, keyPem, nowUnixMs }: EnrollExpectation): ReadEnrollResponse {
  try {
    const { fleet, certificatePem, caPem, linkAddress } = response;
    const wrong = problemWithIssued(certificatePem, caPem, { fleet, node: name, caHash, keyPem });
    if (wrong !== null) return invalid(wrong);
    const rootKey = trustedKeyFromSpki(response.rootKeySpki);
    if (response.trust === null) return invalid('the trust document is missing');
    const trust = verifyTrustDocument(response.trust, { rootKey, fleet, versionFloor: 0, nowUnixMs });
    if (!trust.ok) return invalid(trust.message);
    if (!/^.+:\d+$/.test(linkAddress)) return invalid(`${JSON.stringify(linkAddress)} is not host:port`);
    const files = {
      'cert.pem': certificatePem,
      'ca.pem': caPem,
      'root.pem': rootKey.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
      'trust.json': `${JSON.stringify(envelopeToJson(response.trust))}\n`,
    };
    return { ok: true, fleet, linkAddress, files };
  } catch (error) {
    return invalid(error instanceof Error ? error.message : String(error));
  }
}

function invalid(why: string): Failure<'answer-invalid'> {
  return failure('answer-invalid', `the coordinator's answer does not fit together: ${why}; nothing was written. See the coordinator's log`);
}
