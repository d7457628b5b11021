import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';

import { readCsr } from '../../../../coordinator/trust/read-csr.ts';
import { createCsr, generateCertificateKey } from '../../../../shared/trust/create-csr.ts';

const good = createCsr('web1', generateCertificateKey());

function tampered(pem: string): string {
  const der = Buffer.from(pem.replaceAll(/-----.*-----/g, ''), 'base64');
  // The last byte belongs to the signature.
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
}

function onP384(): string {
  return createCsr('web1', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
}

test('a request proves its key', async () => {
  expect(await readCsr(good)).toMatchObject({ ok: true, keyHash: expect.stringMatching(/^[0-9a-f]{64}$/) });
});

test.each([
  ['empty', '', ''],
  ['no PEM', 'x', ''],
  ['half a PEM', good.slice(0, 200), ''],
  ['of another curve', onP384(), 'P-256'],
  ['signed by nobody', tampered(good), 'signature'],
  ['far too long', good + ' '.repeat(10_000), 'characters'],
])('refused: %s', async (_name, pem, why) => {
  const read = await readCsr(pem);
  expect(read).toMatchObject({ ok: false, code: 'csr-invalid' });
  expect(!read.ok && read.message).toContain(why);
});
