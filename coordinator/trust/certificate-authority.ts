import 'reflect-metadata';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  type GeneralNameType,
  type JsonName,
} from '@peculiar/x509';
import { webcrypto, type KeyObject, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

import { formatIdentityUri, type Identity } from '../../shared/trust/identity-uri.ts';
import { spkiOf } from '../../shared/trust/trusted-key.ts';

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;

export interface Authority {
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
}

export interface Validity {
  readonly notBeforeUnixMs: number;
  readonly notAfterUnixMs: number;
}

/** What any certificate needs. */
export interface CertificateOrder extends Validity {
  /** Lower-case hex; see newSerial. */
  readonly serial: string;
  readonly publicKey: KeyObject;
}

export function caCommonName(fleet: string): string {
  return `farrier ${fleet}`;
}

/** @returns PEM */
export async function issueCaCertificate(fleet: string, privateKey: KeyObject, order: CertificateOrder): Promise<string> {
  const publicKey = await importPublic(order.publicKey);
  return await issue(order, {
    subject: [{ CN: [caCommonName(fleet)] }],
    issuer: [{ CN: [caCommonName(fleet)] }],
    issuerKey: privateKey,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
}

/** @param names DNS names and IP addresses under which agents and operators dial. @returns PEM */
export async function issueServerCertificate(authority: Authority, names: readonly string[], order: CertificateOrder): Promise<string> {
  const alternatives = names.map((value): { type: GeneralNameType; value: string } => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }));
  const subject: JsonName = [{ CN: ['farrier-coordinator'] }];
  return await issueLeaf(authority, subject, alternatives, ExtendedKeyUsage.serverAuth, order);
}

/** @param enrollment carried on through renewals; 32 hex digits. @returns PEM */
export async function issueIdentityCertificate(authority: Authority, identity: Identity, enrollment: string, order: CertificateOrder): Promise<string> {
  const subject: JsonName = [{ CN: [identity.name] }, { OU: [enrollment] }];
  return await issueLeaf(authority, subject, [{ type: 'url', value: formatIdentityUri(identity) }], ExtendedKeyUsage.clientAuth, order);
}

async function issueLeaf(
  authority: Authority,
  subject: JsonName,
  alternatives: { type: GeneralNameType; value: string }[],
  usage: ExtendedKeyUsage,
  order: CertificateOrder,
): Promise<string> {
  const caKey = await importPublic(authority.certificate.publicKey);
  const issuer = /^CN=(.+)$/m.exec(authority.certificate.subject)?.[1] ?? '';
  return await issue(order, {
    subject,
    issuer: [{ CN: [issuer] }],
    issuerKey: authority.privateKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usage]),
      new SubjectAlternativeNameExtension(alternatives),
      await AuthorityKeyIdentifierExtension.create(caKey),
    ],
  });
}

interface Body {
  readonly subject: JsonName;
  readonly issuer: JsonName;
  readonly issuerKey: KeyObject;
  readonly extensions: NonNullable<Parameters<typeof X509CertificateGenerator.create>[0]['extensions']>;
}

async function issue(order: CertificateOrder, { subject, issuer, issuerKey, extensions }: Body): Promise<string> {
  const certificate = await X509CertificateGenerator.create({
    serialNumber: order.serial,
    subject,
    issuer,
    notBefore: new Date(order.notBeforeUnixMs),
    notAfter: new Date(order.notAfterUnixMs),
    publicKey: await importPublic(order.publicKey),
    signingKey: issuerKey.toCryptoKey(P256, false, ['sign']),
    signingAlgorithm: SIGNING,
    extensions,
  });
  return `${certificate.toString('pem').trim()}\n`;
}

async function importPublic(publicKey: KeyObject): Promise<webcrypto.CryptoKey> {
  return await webcrypto.subtle.importKey('spki', spkiOf(publicKey), P256, true, ['verify']);
}
