import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { issueLeaf, type KeyedCertificate, makeCa } from '../fleet/stand-ins/pki/certificates.ts';

/** The certificates of one cluster, as files. */
export interface EtcdPki {
  readonly folder: string;
  readonly ca: KeyedCertificate;
  readonly caFile: string;
  readonly serverCertificateFile: string;
  readonly serverKeyFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** How long a certificate holds, in days from now; negative: it has ended. */
export interface Validity {
  readonly days?: number;
  readonly fromDays?: number;
}

/** Of the member's own certificate. */
export interface ServerOrder extends Validity {
  readonly names?: readonly string[];
}

/** Every member of one cluster has its certificates of one authority, as a copy of its own. */
export async function makeEtcdCa(): Promise<KeyedCertificate> {
  return await makeCa('etcd-ca');
}

export async function makeEtcdPki(folder: string, { names = ['127.0.0.1', 'localhost'], days, fromDays }: ServerOrder = {}, authority: KeyedCertificate | null = null): Promise<EtcdPki> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const ca = authority ?? (await makeEtcdCa());
  const member = await issueLeaf(ca, { commonName: 'member', names, usages: ['client', 'server'] }, days, fromDays);
  const caFile = write(folder, 'ca.crt', ca.certificate);
  const [serverCertificateFile, serverKeyFile] = [write(folder, 'server.crt', member.certificate), write(folder, 'server.key', member.key)];
  return { folder, ca, caFile, serverCertificateFile, serverKeyFile, ...(await issueEtcdClient(folder, 'client', ca)) };
}

/** A client's certificate of that authority, beside the others. */
export async function issueEtcdClient(folder: string, name: string, ca: KeyedCertificate, { days, fromDays }: Validity = {}): Promise<{ readonly certificateFile: string; readonly keyFile: string }> {
  const { certificate, key } = await issueLeaf(ca, { commonName: 'farrier-test', organisations: ['system:masters'], usages: ['client'] }, days, fromDays);
  return { certificateFile: write(folder, `${name}.crt`, certificate), keyFile: write(folder, `${name}.key`, key) };
}

function write(folder: string, name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}
