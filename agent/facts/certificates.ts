import { X509Certificate } from 'node:crypto';

import { type CertificateFacts, FACT_CERTIFICATES_MAX } from '../../shared/domain/host-facts.ts';
import type { HostFiles } from './host-files.ts';

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/;
const IN_KUBECONFIG = /^\s*client-certificate-data:\s*([A-Za-z0-9+/=]+)\s*$/m;

/** Certificates of the files that hold one, PEM or kubeconfig; the others are left out. Of a bundle the first counts. */
export function readCertificates(files: HostFiles, paths: readonly string[]): readonly CertificateFacts[] {
  return paths
    .flatMap((path) => {
      const certificate = readCertificate(files, path);
      return certificate === null ? [] : [{ path, notAfterUnixMs: certificate.validToDate.getTime() }];
    })
    .slice(0, FACT_CERTIFICATES_MAX);
}

/** The name of the node in the kubelet's client certificate (subject CN `system:node:NAME`); null where it is none. */
export function readNodeName(files: HostFiles, path: string): string | null {
  const subject = readCertificate(files, path)?.subject ?? '';
  return /^CN=system:node:([a-z0-9.-]{1,128})$/m.exec(subject)?.[1] ?? null;
}

export function certificatesIn(files: HostFiles, folder: string): readonly string[] {
  return files.names(folder).flatMap((name) => (name.endsWith('.crt') ? [`${folder}/${name}`] : []));
}

function readCertificate(files: HostFiles, path: string): X509Certificate | null {
  const text = files.text(path) ?? '';
  const embedded = IN_KUBECONFIG.exec(text)?.[1];
  const pem = PEM.exec(embedded === undefined ? text : Buffer.from(embedded, 'base64').toString('latin1'))?.[0];
  try {
    return pem === undefined ? null : new X509Certificate(pem);
  } catch {
    return null;
  }
}
