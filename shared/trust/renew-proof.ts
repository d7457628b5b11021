import { createPrivateKey, sign, verify, type KeyObject } from 'node:crypto';

/** What the old key signs to prove that whoever renews is who held the certificate before. */
function proofText(csrPem: string): Buffer {
  return Buffer.from(`farrier-renew-v1\n${csrPem}`);
}

export function signRenewal(csrPem: string, oldKeyPem: string): Buffer {
  return sign('sha256', proofText(csrPem), createPrivateKey(oldKeyPem));
}

export function isRenewalProof(csrPem: string, oldPublicKey: KeyObject, signature: Uint8Array): boolean {
  return verify('sha256', proofText(csrPem), oldPublicKey, signature);
}
