import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSecureContext, createServer, type SecureContext, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { farrier } from '../../../shared/wire/protocol.ts';
import { tlsChannel } from '../../../shared/wire/tls-channel.ts';
import { testFleet, type TestFleet } from '../../support/test-fleet.ts';

let fleet: TestFleet;

beforeEach(async () => {
  fleet = await testFleet();
});
afterEach(async () => await fleet[Symbol.asyncDispose]());

/** The server's name as a client that dials `host` sends it. */
async function nameSentTo(host: string): Promise<string> {
  const { privateKeyPem, chainPem } = fleet.keys.server;
  const pair = { key: privateKeyPem, cert: chainPem };
  let sent = '';
  const SNICallback = (name: string, done: (error: Error | null, context: SecureContext) => void): void => {
    sent = name;
    done(null, createSecureContext(pair));
  };
  const server = createServer({ ...pair, SNICallback, ALPNProtocols: ['h2'] });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const address = `${host}:${(server.address() as AddressInfo).port}`;
  const { credentials, options } = tlsChannel(address, { caPem: fleet.keys.ca.certificatePem });
  const client = new farrier.Enrollment(address, credentials, options);
  client.waitForReady(Infinity, () => undefined);
  const [socket] = (await once(server, 'secureConnection')) as [TLSSocket];
  client.close();
  socket.destroy();
  server.close();
  return sent;
}

// That the certificate is held against the address that was dialled, is proved by the host that enrolls at 127.0.0.2.
test.each([
  ['localhost', 'localhost'],
  ['127.0.0.1', 'farrier-coordinator'],
])('who dials %s asks for %s: an IP address is no name', async (host, name) => {
  expect(await nameSentTo(host)).toBe(name);
});
