import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate } from 'node:tls';

import { caHashOf } from '../../shared/trust/ca-hash.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { splitAddress } from '../../shared/wire/split-address.ts';

const TIMEOUT_MS = 15_000;
/** A server sends its own certificate and one CA; more is a loop or a mistake. */
const CHAIN_MAX_LENGTH = 5;

export type ProbedCa = { readonly ok: true; readonly caPem: string } | Failure<'unreachable' | 'no-ca-in-chain' | 'ca-hash-mismatch' | 'aborted'>;

/**
 * Reads the certificate chain from a TLS connection that nothing is sent over, and takes the CA out of it whose public key has
 * the pinned hash. What is verified afterwards, is verified against that CA.
 */
export async function probeCa(address: string, caHash: string, signal: AbortSignal): Promise<ProbedCa> {
  const chain = await readChain(address, signal);
  if (!Array.isArray(chain)) return chain;
  const authorities = chain.filter((certificate) => certificate.ca && certificate.verify(certificate.publicKey));
  const pinned = authorities.find((certificate) => caHashOf(certificate) === caHash);
  if (pinned !== undefined) return { ok: true, caPem: pinned.toString() };
  const [shown] = authorities.map(caHashOf);
  if (shown === undefined) {
    return failure('no-ca-in-chain', `${address} does not send a CA with its certificate; it is not the enrollment port of a farrier-coordinator. Check the address and the port`);
  }
  return failure('ca-hash-mismatch', `${address} shows a CA with the hash ${shown}, expected was ${caHash}. Either the hash was copied wrongly (\`farrier token create\` prints it), or something stands between this host and the coordinator. Nothing was sent`);
}

async function readChain(address: string, signal: AbortSignal): Promise<X509Certificate[] | Failure<'unreachable' | 'aborted'>> {
  const place = splitAddress(address);
  if (place === null) return unreachable(address, 'it is not host:port');
  return await new Promise((resolve) => {
    // The pin replaces the verification; nothing is written to this connection. ALPN, because a gRPC server may hang up without.
    const socket = connect({ ...place, rejectUnauthorized: false, ALPNProtocols: ['h2'], ...(isIP(place.host) === 0 ? { servername: place.host } : {}) });
    const finish = (result: X509Certificate[] | Failure<'unreachable' | 'aborted'>): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    const onAbort = (): void => finish(failure('aborted', 'enrollment was stopped; nothing was sent'));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    socket.setTimeout(TIMEOUT_MS, () => finish(unreachable(address, `no answer within ${TIMEOUT_MS / 1000} s`)));
    socket.once('error', (error) => finish(unreachable(address, error.message)));
    socket.once('secureConnect', () => finish(certificatesOf(socket.getPeerCertificate(true))));
  });
}

function certificatesOf(leaf: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let certificate: DetailedPeerCertificate | undefined = leaf;
  while (certificate?.raw !== undefined && chain.length < CHAIN_MAX_LENGTH) {
    chain.push(new X509Certificate(certificate.raw));
    certificate = certificate.issuerCertificate === certificate ? undefined : certificate.issuerCertificate;
  }
  return chain;
}

function unreachable(address: string, why: string): Failure<'unreachable'> {
  return failure('unreachable', `${address} cannot be reached: ${why}; check the address, the network and that farrier-coordinator runs there`);
}
