import { isIP } from 'node:net';
import { connect } from 'node:tls';

import type { AgentIdentity } from '../identity/load-identity.ts';
import { splitAddress } from '../../shared/wire/split-address.ts';

const ANSWER_MS = 10_000;

/** Whether the coordinator answers at this address and shows a certificate of its fleet. Sends nothing. */
export async function reachCoordinator(address: string, { caPem, keyPem, certificatePem }: Pick<AgentIdentity, 'caPem' | 'keyPem' | 'certificatePem'>): Promise<boolean> {
  const place = splitAddress(address);
  if (place === null) return false;
  return await new Promise((resolve) => {
    const socket = connect({ ...place, ca: caPem, key: keyPem, cert: certificatePem, ALPNProtocols: ['h2'], ...(isIP(place.host) === 0 ? { servername: place.host } : {}) });
    const over = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(ANSWER_MS, () => over(false));
    socket.once('error', () => over(false));
    socket.once('secureConnect', () => over(true));
  });
}
