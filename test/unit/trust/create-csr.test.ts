import 'reflect-metadata';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { createPublicKey } from 'node:crypto';
import { expect, test } from 'vitest';

import { createCsr, generateCertificateKey } from '../../../shared/trust/create-csr.ts';

test.each(['a', 'web-1.example', 'x'.repeat(63)])('another implementation reads and verifies the CSR of %s', async (name) => {
  // Lengths of ECDSA signatures vary: try several.
  for (let round = 0; round < 8; round += 1) {
    const keyPem = generateCertificateKey();
    const csr = new Pkcs10CertificateRequest(createCsr(name, keyPem));
    expect(await csr.verify()).toBe(true);
    expect(csr.subject).toBe(`CN=${name}`);
    expect(createPublicKey({ key: Buffer.from(csr.publicKey.rawData), format: 'der', type: 'spki' }).equals(createPublicKey(keyPem))).toBe(true);
  }
});
