import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';

import type { Clock } from '../../shared/ports/clock.ts';
import type { Random } from '../../shared/ports/random.ts';
import { generateCertificateKey } from '../../shared/trust/create-csr.ts';
import { writeDurably } from '../../shared/files/write-durably.ts';
import { issueServerCertificate } from './certificate-authority.ts';
import type { CaKeys, ServerKeys } from './fleet-keys.ts';
import { BACKDATE_MS, SERVER_CERTIFICATE_LIFE_MS } from './lifetimes.ts';
import { newSerial } from './new-serial.ts';

export interface ServerKeysOptions {
  readonly serverNames: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
}

/** Key and chain lie in one file, so that they are replaced together. Reissued where names changed, half the life is over, or the file is no good. */
export async function openServerKeys(path: string, ca: CaKeys, options: ServerKeysOptions): Promise<ServerKeys> {
  const kept = await readKept(path);
  if (kept !== null && isStillGood(kept, ca, options)) return kept;
  const nowUnixMs = options.clock.wallUnixMs();
  const privateKeyPem = generateCertificateKey();
  const notAfterUnixMs = nowUnixMs + SERVER_CERTIFICATE_LIFE_MS;
  const certificate = await issueServerCertificate(ca, options.serverNames, {
    serial: newSerial(options.random),
    publicKey: createPublicKey(createPrivateKey(privateKeyPem)),
    notBeforeUnixMs: nowUnixMs - BACKDATE_MS,
    notAfterUnixMs,
  });
  const chainPem = certificate + ca.certificatePem;
  await writeDurably(path, privateKeyPem + chainPem);
  return { privateKeyPem, chainPem, notAfterUnixMs };
}

async function readKept(path: string): Promise<ServerKeys | null> {
  try {
    const text = await readFile(path, 'utf8');
    const cut = text.indexOf('-----BEGIN CERTIFICATE-----');
    if (cut < 0) return null;
    const [privateKeyPem, chainPem] = [text.slice(0, cut), text.slice(cut)];
    const certificate = new X509Certificate(chainPem);
    if (!certificate.checkPrivateKey(createPrivateKey(privateKeyPem))) return null;
    return { privateKeyPem, chainPem, notAfterUnixMs: certificate.validToDate.getTime() };
  } catch {
    // Whatever is wrong with it, a new one is as good.
    return null;
  }
}

function isStillGood(kept: ServerKeys, ca: CaKeys, { serverNames, clock }: ServerKeysOptions): boolean {
  const certificate = new X509Certificate(kept.chainPem);
  const names = serverNames.every((name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined);
  const nowUnixMs = clock.wallUnixMs();
  const fresh = certificate.validFromDate.getTime() <= nowUnixMs && kept.notAfterUnixMs - nowUnixMs > SERVER_CERTIFICATE_LIFE_MS / 2;
  return names && fresh && kept.chainPem.endsWith(ca.certificatePem) && certificate.verify(ca.certificate.publicKey);
}
