import { createCsr, generateCertificateKey } from '../../shared/trust/create-csr.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { signRenewal } from '../../shared/trust/renew-proof.ts';
import type { RenewResponse__Output } from '../../shared/wire/messages.ts';
import { isDiskFull, isReadOnly } from '../core/disk-full.ts';
import { callEnrollment } from './call-enrollment.ts';
import { oneIdentityWriter } from './identity-lock.ts';
import { readIdentityFiles, replaceIdentity } from './identity-files.ts';
import { loadIdentity, type AgentIdentity } from './load-identity.ts';
import { problemWithIssued } from './problem-with-issued.ts';

export type RenewCode = 'disk-full' | 'not-enrolled' | 'identity-broken' | 'unreachable' | 'refused' | 'answer-invalid' | 'aborted';

export type Renewed = { readonly ok: true; readonly identity: AgentIdentity } | Failure<RenewCode>;

/**
 * A new key and a new certificate for this host, in time or long after expiry. Interrupted anywhere, the old pair or the new one
 * is in place, and either may renew again. Open sessions go on with the old one until they are dialled anew.
 * @param enrollAddress where the settings name another one than the enrollment did.
 */
export async function renew(stateDir: string, enrollAddress: string | null, signal: AbortSignal): Promise<Renewed> {
  const loaded = await loadIdentity(stateDir);
  if (!loaded.ok) return loaded;
  const { identity } = loaded;
  const keyPem = generateCertificateKey();
  const csrPem = createCsr(identity.node, keyPem);
  const signature = signRenewal(csrPem, identity.keyPem);
  const answer = await callEnrollment<RenewResponse__Output>(
    enrollAddress ?? identity.enrollAddress,
    identity.caPem,
    (client, options, done) => client.Renew({ certificatePem: identity.certificatePem, csrPem, signature }, options, done),
    signal,
  );
  if (!answer.ok) return answer;
  const { certificatePem, caPem } = answer.response;
  const wrong = problemWithIssued(certificatePem, caPem, { ...identity, keyPem });
  if (wrong !== null) return failure('answer-invalid', `the coordinator's answer does not fit together: ${wrong}; the old certificate stays. See the coordinator's log`);
  return await oneIdentityWriter(async () => {
    const files = await readIdentityFiles(stateDir);
    if (files === null) return failure('not-enrolled', 'the identity was removed while it was being renewed');
    // Somebody enrolled the host anew in the meantime: that identity is the newer word.
    if (files['cert.pem'] !== identity.certificatePem) return await loadIdentity(stateDir);
    try {
      await replaceIdentity(stateDir, { ...files, 'key.pem': keyPem, 'cert.pem': certificatePem, 'ca.pem': caPem });
    } catch (error) {
      if (!isDiskFull(error) && !isReadOnly(error)) throw error;
      return failure('disk-full', `the new certificate could not be kept: ${error.message}; the old one stays. ${isReadOnly(error) ? 'Check the disk of this host' : 'Free space on this host'}`);
    }
    return await loadIdentity(stateDir);
  });
}
