import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';

import { spkiOf } from './trusted-key.ts';

// DER by hand, encoding only: forty lines instead of an X.509 library in the agent's memory.
const SEQUENCE = 0x30;
const SET = 0x31;
const OID_COMMON_NAME = Buffer.from([0x06, 0x03, 0x55, 0x04, 0x03]);
const OID_ECDSA_WITH_SHA256 = Buffer.from([0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]);
const VERSION_0 = Buffer.from([0x02, 0x01, 0x00]);
const NO_ATTRIBUTES = Buffer.from([0xa0, 0x00]);
const NO_UNUSED_BITS = Buffer.from([0x00]);

/** A P-256 key for a certificate, PKCS #8 in PEM: a secret that never leaves the host it was made on. */
export function generateCertificateKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** PKCS #10 (RFC 2986) in PEM, signed with ECDSA/SHA-256. The issuer takes the public key from it and nothing else. */
export function createCsr(commonName: string, privateKeyPem: string): string {
  const privateKey = createPrivateKey(privateKeyPem);
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, OID_COMMON_NAME, der(0x0c, Buffer.from(commonName)))));
  const info = der(SEQUENCE, VERSION_0, name, spkiOf(createPublicKey(privateKey)), NO_ATTRIBUTES);
  const signature = sign('sha256', info, privateKey);
  const csr = der(SEQUENCE, info, der(SEQUENCE, OID_ECDSA_WITH_SHA256), der(0x03, NO_UNUSED_BITS, signature));
  const lines = csr.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), derLength(content.length), content]);
}

/** X.690 8.1.3: short form below 128, else the count of length bytes and these. */
function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  if (length < 0x100) return Buffer.from([0x81, length]);
  return Buffer.from([0x82, length >> 8, length & 0xff]);
}
