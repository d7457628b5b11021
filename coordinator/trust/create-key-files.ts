import { createPrivateKey, createPublicKey } from 'node:crypto';

import type { Clock } from '../../shared/ports/clock.ts';
import type { Random } from '../../shared/ports/random.ts';
import { generateCertificateKey } from '../../shared/trust/create-csr.ts';
import { generateSigningKey, signingKeyToPem } from '../../shared/trust/signing-key.ts';
import { issueCaCertificate } from './certificate-authority.ts';
import { BACKDATE_MS, CA_CERTIFICATE_LIFE_MS } from './lifetimes.ts';
import { newSerial } from './new-serial.ts';

/** The files that cannot be made anew: every agent knows their public halves. */
export const KEY_FILES = ['ca.key', 'ca.crt', 'root.key', 'plan.key'] as const;

export type KeyFiles = Readonly<Record<(typeof KEY_FILES)[number], string>>;

/** The secrets of a new fleet, in PEM. */
export async function createKeyFiles({ fleet, clock, random }: { readonly fleet: string; readonly clock: Clock; readonly random: Random }): Promise<KeyFiles> {
  const caKeyPem = generateCertificateKey();
  const caKey = createPrivateKey(caKeyPem);
  const nowUnixMs = clock.wallUnixMs();
  const certificate = await issueCaCertificate(fleet, caKey, {
    serial: newSerial(random),
    publicKey: createPublicKey(caKey),
    notBeforeUnixMs: nowUnixMs - BACKDATE_MS,
    notAfterUnixMs: nowUnixMs + CA_CERTIFICATE_LIFE_MS,
  });
  return {
    'ca.key': caKeyPem,
    'ca.crt': certificate,
    'root.key': signingKeyToPem(generateSigningKey()),
    'plan.key': signingKeyToPem(generateSigningKey()),
  };
}
