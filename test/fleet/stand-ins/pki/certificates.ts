import 'reflect-metadata';
import {
  BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, KeyUsageFlags, KeyUsagesExtension, SubjectAlternativeNameExtension, X509Certificate, X509CertificateGenerator,
  type Extension, type JsonName,
} from '@peculiar/x509';
import { createPrivateKey, generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate with its private key, both PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface LeafOrder {
  readonly commonName: string;
  readonly organisations?: readonly string[];
  /** DNS names and addresses. */
  readonly names?: readonly string[];
  readonly usages: readonly ('client' | 'server')[];
}

const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
/** kubeadm's defaults (certificateValidityPeriod, caCertificateValidityPeriod); K3s has the same. */
export const LEAF_DAYS = 365;
const CA_DAYS = 3650;

export async function makeCa(commonName: string): Promise<KeyedCertificate> {
  const key = newKey();
  const certificate = await sign(key, key, [{ CN: [commonName] }], [{ CN: [commonName] }], CA_DAYS, [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment | KeyUsageFlags.keyCertSign, true),
  ]);
  return { certificate, key };
}

/** @param fromDays when it begins, counted from now: for one that is not valid yet */
export async function issueLeaf(ca: KeyedCertificate, { commonName, organisations = [], names = [], usages }: LeafOrder, days = LEAF_DAYS, fromDays = 0): Promise<KeyedCertificate> {
  const key = newKey();
  const subject: JsonName = [...organisations.map((name) => ({ O: [name] })), { CN: [commonName] }];
  const extensions = [
    ...leafExtensions(),
    new ExtendedKeyUsageExtension(usages.map((usage) => (usage === 'client' ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth))),
    ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names.map((value) => ({ type: isIP(value) === 0 ? 'dns' as const : 'ip' as const, value })))]),
  ];
  return { certificate: await sign(key, ca.key, subject, issuerOf(ca), days, extensions, fromDays), key };
}

/** A new certificate and key with the subject, names and usages of the old one, as `kubeadm certs renew` makes them. */
export async function reissue(ca: KeyedCertificate, old: string, days = LEAF_DAYS): Promise<KeyedCertificate> {
  const key = newKey();
  const parsed = new X509Certificate(old);
  const kept = [parsed.getExtension(ExtendedKeyUsageExtension), parsed.getExtension(SubjectAlternativeNameExtension)].filter((extension) => extension !== null);
  return { certificate: await sign(key, ca.key, parsed.subjectName.toJSON(), issuerOf(ca), days, [...leafExtensions(), ...kept]), key };
}

/** PEM, as kubeadm writes sa.key and sa.pub. */
export function makeSigningKey(): { readonly privateKey: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey: privateKey.export({ type: 'sec1', format: 'pem' }) as string, publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string };
}

function leafExtensions(): readonly Extension[] {
  return [new BasicConstraintsExtension(false, undefined, true), new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true)];
}

function newKey(): string {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'sec1', format: 'pem' }) as string;
}

function issuerOf({ certificate }: KeyedCertificate): JsonName {
  return new X509Certificate(certificate).subjectName.toJSON();
}

async function sign(key: string, issuerKey: string, subject: JsonName, issuer: JsonName, days: number, extensions: readonly Extension[], fromDays = 0): Promise<string> {
  const now = Date.now();
  const certificate = await X509CertificateGenerator.create({
    serialNumber: `0${randomBytes(8).toString('hex').slice(1)}`,
    subject, issuer,
    notBefore: new Date(now - 60_000 + fromDays * DAY_MS),
    notAfter: new Date(now + days * DAY_MS),
    publicKey: await webcrypto.subtle.importKey('jwk', publicJwk(key), P256, true, ['verify']),
    signingKey: createPrivateKey(issuerKey).toCryptoKey(P256, false, ['sign']),
    signingAlgorithm: SIGNING,
    extensions: [...extensions],
  });
  return `${certificate.toString('pem').trim()}\n`;
}

function publicJwk(key: string): webcrypto.JsonWebKey {
  const { d: _, ...rest } = createPrivateKey(key).export({ format: 'jwk' });
  return rest;
}
