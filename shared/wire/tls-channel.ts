import { type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';

import { splitAddress } from './split-address.ts';

export interface TlsPems {
  readonly caPem: string | Buffer;
  /** Only where the client shows who it is; key and certificate together. */
  readonly keyPem?: string | Buffer;
  readonly certificatePem?: string | Buffer;
}

export interface TlsChannel {
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
}

const COORDINATOR = 'farrier-coordinator';

/**
 * What a gRPC client needs to dial `address`. gRPC would send an IP address as the server's name, which RFC 6066, section 3,
 * forbids and Node warns of; another name is sent then, and the certificate is still held against the address.
 *
 * @param name sent where the address has none; no server looks at it
 */
export function tlsChannel(address: string, { caPem, keyPem, certificatePem }: TlsPems, name = COORDINATOR): TlsChannel {
  const host = splitAddress(address)?.host ?? '';
  const nameless = isIP(host) !== 0;
  const verify = nameless ? { checkServerIdentity: (_name: string, certificate: Parameters<typeof checkServerIdentity>[1]) => checkServerIdentity(host, certificate) } : {};
  return {
    credentials: credentials.createSsl(Buffer.from(caPem), keyPem === undefined ? null : Buffer.from(keyPem), certificatePem === undefined ? null : Buffer.from(certificatePem), verify),
    options: nameless ? { 'grpc.ssl_target_name_override': name } : {},
  };
}
