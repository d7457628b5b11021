import { ServerCredentials } from '@grpc/grpc-js';

import type { FleetKeys } from '../trust/fleet-keys.ts';

/** For AgentLink, Artifacts and Fleet: no handshake without a certificate of our CA. Ask an Authenticator who it is. */
export function mutualTlsCredentials({ ca, server }: FleetKeys): ServerCredentials {
  return ServerCredentials.createSsl(Buffer.from(ca.certificatePem), keyPairs(server), true);
}

/** For Enrollment: hosts that have no certificate yet, or an expired one. */
export function serverTlsCredentials({ ca, server }: FleetKeys): ServerCredentials {
  return ServerCredentials.createSsl(Buffer.from(ca.certificatePem), keyPairs(server), false);
}

function keyPairs({ privateKeyPem, chainPem }: FleetKeys['server']): { private_key: Buffer; cert_chain: Buffer }[] {
  return [{ private_key: Buffer.from(privateKeyPem), cert_chain: Buffer.from(chainPem) }];
}
