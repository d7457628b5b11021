import { credentials, Server, status, type sendUnaryData, type ServerDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { link, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { certificateAuthenticator, LOCAL_ADMIN, statusOfAuthentication, type AuthenticatedCall } from '../../../coordinator/gateway/authenticate.ts';
import { enrollNode } from '../../../coordinator/gateway/enroll-node.ts';
import { bindLocalSocket } from '../../../coordinator/gateway/local-socket.ts';
import { mutualTlsCredentials } from '../../../coordinator/gateway/tls.ts';
import { approveNode, getEnrolledNode, removeNode } from '../../../coordinator/trust/node-registry.ts';
import { issueOperator } from '../../../coordinator/trust/operator-registry.ts';
import { revoke } from '../../../coordinator/trust/revocations.ts';
import { createCsr, generateCertificateKey } from '../../../shared/trust/create-csr.ts';
import type { CoordinatorMessage } from '../../../shared/wire/messages.ts';
import { failureCodeOf, failureStatus } from '../../../shared/wire/failure-status.ts';
import { farrier } from '../../../shared/wire/protocol.ts';
import { testFleet, type TestFleet } from '../../support/test-fleet.ts';

interface Credential {
  readonly keyPem: string;
  readonly certificatePem: string;
}

interface Outcome {
  readonly ok: boolean;
  readonly code?: string | null;
  readonly message?: string;
  readonly said?: string;
}

const HOUR_MS = 3_600_000;
let fleet: TestFleet;
let server: Server;
let port: number;

beforeEach(async () => {
  fleet = await testFleet();
  server = new Server();
  const authenticator = certificateAuthenticator({ fleet: 'prod', store: fleet.store, clock: fleet.clock });
  const session = async (call: ServerDuplexStream<unknown, CoordinatorMessage>): Promise<void> => {
    const peer = await authenticator.node(call);
    if (!peer.ok) return void call.emit('error', failureStatus(peer, statusOfAuthentication(peer)));
    call.on('data', () => call.write({ goodbye: { reason: peer.node } }));
    call.on('end', () => call.end());
  };
  const listNodes = async (call: AuthenticatedCall, callback: sendUnaryData<object>): Promise<void> => {
    const peer = await authenticator.operator(call);
    if (peer.ok) callback(null, { nodes: [{ name: `${peer.role} ${peer.name}` }] });
    else callback(failureStatus(peer, statusOfAuthentication(peer)));
  };
  server.addService(farrier.AgentLink.service, { Session: (call: ServerDuplexStream<unknown, CoordinatorMessage>) => void session(call) });
  server.addService(farrier.Fleet.service, { ListNodes: (call: AuthenticatedCall, callback: sendUnaryData<object>) => void listNodes(call, callback) });
  port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', mutualTlsCredentials(fleet.keys), (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
});

afterEach(async () => {
  server.forceShutdown();
  await fleet[Symbol.asyncDispose]();
});

function channel({ keyPem, certificatePem }: Credential) {
  return credentials.createSsl(Buffer.from(fleet.keys.ca.certificatePem), Buffer.from(keyPem), Buffer.from(certificatePem));
}

function refusal(error: ServiceError): Outcome {
  return { ok: false, code: failureCodeOf(error) ?? status[error.code] ?? null, message: error.details };
}

async function asAgent(credential: Credential): Promise<Outcome> {
  const client = new farrier.AgentLink(`localhost:${port}`, channel(credential));
  const call = client.Session();
  call.write({ hello: {} });
  try {
    return await new Promise<Outcome>((resolve) => {
      call.on('error', (error: ServiceError) => resolve(refusal(error)));
      call.on('data', (message: { goodbye?: { reason: string } | null }) => resolve({ ok: true, said: message.goodbye?.reason ?? '' }));
    });
  } finally {
    call.cancel();
    client.close();
  }
}

async function asOperator(credential: Credential): Promise<Outcome> {
  const client = new farrier.Fleet(`localhost:${port}`, channel(credential));
  try {
    return await new Promise<Outcome>((resolve) => {
      client.ListNodes({}, (error, response) => resolve(error === null ? { ok: true, said: response?.nodes[0]?.name ?? '' } : refusal(error)));
    });
  } finally {
    client.close();
  }
}

async function enrolled(name = 'web1'): Promise<Credential> {
  const keyPem = generateCertificateKey();
  const answer = await enrollNode(fleet.parts, { token: await fleet.token(), node: name, csrPem: createCsr(name, keyPem), machineId: '' });
  if (!answer.ok) throw new Error(answer.message);
  return { keyPem, certificatePem: answer.response.certificatePem ?? '' };
}

async function operator(name = 'ann', role: 'viewer' | 'operator' | 'admin' = 'admin'): Promise<Credential & { readonly serial: string }> {
  const keyPem = generateCertificateKey();
  const issued = await issueOperator(fleet.parts, { name, role, csrPem: createCsr(name, keyPem) });
  if (!issued.ok) throw new Error(issued.message);
  return { keyPem, certificatePem: issued.certificatePem, serial: issued.operator.serial };
}

test('a node is named on a bidirectional stream, an operator with the role on a unary call', async () => {
  expect(await asAgent(await enrolled())).toEqual({ ok: true, said: 'web1' });
  expect(await asOperator(await operator('bob', 'viewer'))).toEqual({ ok: true, said: 'viewer bob' });
});

test('neither works in the other’s place, and is told what it is and what it should be', async () => {
  const node = await asOperator(await enrolled());
  expect(node).toMatchObject({ ok: false, code: 'wrong-kind' });
  expect(node.message).toMatch(/node web1 of fleet prod.*an operator/);
  const person = await asAgent(await operator());
  expect(person).toMatchObject({ ok: false, code: 'wrong-kind' });
  expect(person.message).toMatch(/operator ann \(admin\) of fleet prod.*a node/);
});

describe('refused', () => {
  const cases: readonly (readonly [string, string, (credential: Credential) => Promise<Credential | void>])[] = [
    ['a node whose certificate expired while TLS still takes it', 'certificate-expired', async () => fleet.clock.advance(31 * 24 * HOUR_MS)],
    ['a node when the coordinator’s clock is behind', 'certificate-not-yet-valid', async () => fleet.clock.advance(-2 * HOUR_MS)],
    ['a node that was removed', 'node-unknown', () => removeNode(fleet.store, 'web1')],
    ['a node whose enrollment was revoked', 'certificate-revoked', async () => {
      const id = (await getEnrolledNode(fleet.store, 'web1'))?.identity.enrollment ?? '';
      await revoke(fleet.store, { id, kind: 'enrollment', subject: 'web1', why: 'stolen', by: 'ann', revokedUnixMs: 1 });
    }],
    ['a node whose certificate was revoked', 'certificate-revoked', async () => {
      const id = (await getEnrolledNode(fleet.store, 'web1'))?.identity.certificates[0]?.serial ?? '';
      await revoke(fleet.store, { id, kind: 'certificate', subject: 'web1', why: 'stolen', by: 'ann', revokedUnixMs: 1 });
    }],
    ['a host that waits for approval', 'pending-approval', () => enrolled()],
    ['a node of another fleet with the same CA', 'wrong-fleet', () => fleet.forge({ kind: 'node', fleet: 'test', name: 'web1' })],
    ['a node that never enrolled', 'certificate-superseded', () => fleet.forge({ kind: 'node', fleet: 'prod', name: 'web1' })],
    ['the coordinator’s own certificate', 'UNAVAILABLE', async () => ({ keyPem: fleet.keys.server.privateKeyPem, certificatePem: fleet.keys.server.chainPem })],
    ['an expired certificate, by TLS', 'UNAVAILABLE', () => fleet.forge({ kind: 'node', fleet: 'prod', name: 'web1' }, { notBeforeUnixMs: Date.now() - 2 * HOUR_MS, notAfterUnixMs: Date.now() - HOUR_MS })],
    ['a certificate of another CA', 'UNAVAILABLE', async () => {
      await using other = await testFleet();
      return await other.forge({ kind: 'node', fleet: 'prod', name: 'web1' });
    }],
  ];
  test.each(cases)('%s', async (_name, code, change) => {
    const credential = await enrolled();
    const changed = await change(credential);
    expect(await asAgent(changed ?? credential)).toMatchObject({ ok: false, code });
  });

  test('no certificate at all', async () => {
    const client = new farrier.Fleet(`localhost:${port}`, credentials.createSsl(Buffer.from(fleet.keys.ca.certificatePem)));
    const outcome = await new Promise<Outcome>((resolve) => client.ListNodes({}, (error) => resolve(error === null ? { ok: true } : refusal(error))));
    client.close();
    expect(outcome).toMatchObject({ ok: false, code: 'UNAVAILABLE' });
  });
});

test('the running node stays in while another host waits for its name; approval swaps them', async () => {
  const [first, second] = [await enrolled(), await enrolled()];
  expect((await asAgent(first)).ok).toBe(true);
  expect(await asAgent(second)).toMatchObject({ code: 'pending-approval' });
  await approveNode(fleet.store, 'web1');
  expect(await asAgent(first)).toMatchObject({ code: 'certificate-superseded' });
  expect((await asAgent(second)).ok).toBe(true);
});

test('an operator’s newer certificate supersedes the older one, and its role', async () => {
  const admin = await operator('ann', 'admin');
  const viewer = await operator('ann', 'viewer');
  expect(await asOperator(admin)).toMatchObject({ ok: false, code: 'certificate-superseded' });
  expect(await asOperator(viewer)).toEqual({ ok: true, said: 'viewer ann' });
  await revoke(fleet.store, { id: viewer.serial, kind: 'certificate', subject: 'ann', why: 'left', by: 'bob', revokedUnixMs: 1 });
  expect(await asOperator(viewer)).toMatchObject({ ok: false, code: 'certificate-revoked' });
  expect(await issueOperator(fleet.parts, { name: 'root@local', role: 'admin', csrPem: '' })).toMatchObject({ ok: false, code: 'operator-name-invalid' });
});

test('the Unix socket is for its owner alone, takes a dead one’s place, and refuses a living one’s', async () => {
  const path = join(fleet.folder, 'run', 'admin.sock');
  const serve = async (): Promise<Server> => {
    const local = new Server();
    local.addService(farrier.Fleet.service, { ListNodes: (_call: unknown, callback: sendUnaryData<object>) => callback(null, { nodes: [{ name: LOCAL_ADMIN.name }] }) });
    await bindLocalSocket(local, path);
    return local;
  };
  const first = await serve();
  // A second name for the socket outlives the server, as the socket of a killed one does.
  await link(path, `${path}.killed`);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(fleet.folder, 'run'))).mode & 0o777).toBe(0o700);
  const client = new farrier.Fleet(`unix:${path}`, credentials.createInsecure());
  expect(await new Promise((resolve) => client.ListNodes({}, (_error, response) => resolve(response?.nodes[0]?.name)))).toBe('root@local');
  client.close();
  await expect(serve()).rejects.toThrow('another process listens');
  first.forceShutdown();
  await rename(`${path}.killed`, path);
  (await serve()).forceShutdown();
});
