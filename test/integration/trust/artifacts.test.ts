import { credentials, Server, type ServiceError, type ServerWritableStream } from '@grpc/grpc-js';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { fetchArtifact, type FetchOrder } from '../../../agent/link/fetch-artifact.ts';
import { artifactHandlers } from '../../../coordinator/gateway/artifact-service.ts';
import { certificateAuthenticator } from '../../../coordinator/gateway/authenticate.ts';
import { enrollNode } from '../../../coordinator/gateway/enroll-node.ts';
import { mutualTlsCredentials } from '../../../coordinator/gateway/tls.ts';
import { removeNode } from '../../../coordinator/trust/node-registry.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { createCsr, generateCertificateKey } from '../../../shared/trust/create-csr.ts';
import type { ArtifactsClient, FetchRequest__Output, FetchResponse } from '../../../shared/wire/messages.ts';
import { farrier } from '../../../shared/wire/protocol.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { testFleet, type TestFleet } from '../../support/test-fleet.ts';

const forever = new AbortController().signal;
const content = randomBytes(3_000_001);
const sha256 = createHash('sha256').update(content).digest('hex');

let fleet: TestFleet;
let server: Server;
let link: Link;
let client: ArtifactsClient;
let order: FetchOrder;
let served: string;
const offsets: number[] = [];

beforeEach(async () => {
  fleet = await testFleet();
  served = join(fleet.folder, 'artifacts');
  await mkdir(served);
  await writeFile(join(served, sha256), content);
  server = new Server();
  const handlers = artifactHandlers({ copyFor: () => null,
    folder: served,
    authenticator: certificateAuthenticator({ fleet: 'prod', store: fleet.store, clock: fleet.clock }),
    logger: { ...silentLogger, info: (_message, fields) => offsets.push(Number(fields?.['offset'])) },
  });
  server.addService(farrier.Artifacts.service, handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', mutualTlsCredentials(fleet.keys), (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  link = await openLink(port);
  const keyPem = generateCertificateKey();
  const node = await enrollNode(fleet.parts, { token: await fleet.token(), node: 'web1', csrPem: createCsr('web1', keyPem), machineId: '' });
  if (!node.ok) throw new Error(node.message);
  const channel = credentials.createSsl(Buffer.from(fleet.keys.ca.certificatePem), Buffer.from(keyPem), Buffer.from(node.response.certificatePem ?? ''));
  client = new farrier.Artifacts(`localhost:${link.port}`, channel, { 'grpc.initial_reconnect_backoff_ms': 50 });
  order = { sha256, folder: join(fleet.folder, 'host'), maxBytes: 10_000_000, clock: systemClock };
  offsets.length = 0;
});

afterEach(async () => {
  client.close();
  server.forceShutdown();
  link.close();
  await fleet[Symbol.asyncDispose]();
});

/** A TCP link that can be cut after a number of bytes towards the host. */
interface Link {
  readonly port: number;
  cutAfter(bytes: number): void;
  close(): void;
}

async function openLink(target: number): Promise<Link> {
  let left = Number.POSITIVE_INFINITY;
  const sockets = new Set<Socket>();
  const listener: TcpServer = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) sockets.add(socket.on('error', end).on('close', end));
    near.pipe(far);
    far.on('data', (bytes) => {
      left -= bytes.length;
      near.write(bytes);
      if (left > 0) return;
      left = Number.POSITIVE_INFINITY;
      end();
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    cutAfter: (bytes) => {
      left = bytes;
    },
    close: () => {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function refused(wanted: Partial<FetchOrder>) {
  const outcome = await fetchArtifact(client, { ...order, ...wanted }, forever);
  if (outcome.ok) throw new Error('it was fetched');
  return outcome;
}

test('an artifact arrives whole, and is not fetched twice', async () => {
  const outcome = await fetchArtifact(client, order, forever);
  expect(outcome).toEqual({ ok: true, path: join(order.folder, sha256) });
  expect((await readFile(join(order.folder, sha256))).equals(content)).toBe(true);
  expect(await readdir(order.folder)).toEqual([sha256]);
  expect((await stat(join(order.folder, sha256))).mode & 0o777).toBe(0o600);
  expect((await fetchArtifact(client, order, forever)).ok).toBe(true);
  expect(offsets).toEqual([0]);
});

test('an artifact of no bytes arrives as well', async () => {
  const empty = createHash('sha256').digest('hex');
  await writeFile(join(served, empty), '');
  expect((await fetchArtifact(client, { ...order, sha256: empty }, forever)).ok).toBe(true);
});

test('a transfer whose link is cut goes on where it stopped', async () => {
  link.cutAfter(1_500_000);
  expect((await fetchArtifact(client, order, forever)).ok).toBe(true);
  expect((await readFile(join(order.folder, sha256))).equals(content)).toBe(true);
  expect(offsets).toHaveLength(2);
  expect(offsets[1]).toBeGreaterThan(500_000);
});

test('a transfer that was stopped goes on in the next call', async () => {
  const stopping = new AbortController();
  const first = fetchArtifact(client, order, stopping.signal);
  await expect.poll(async () => (await stat(join(order.folder, `${sha256}.part`)).catch(() => ({ size: 0 }))).size, { interval: 1 }).toBeGreaterThan(0);
  stopping.abort();
  expect(await first).toMatchObject({ ok: false, code: 'aborted' });
  expect((await fetchArtifact(client, order, forever)).ok).toBe(true);
  expect(offsets[1]).toBeGreaterThan(0);
});

test.each([
  ['with wrong bytes', Buffer.alloc(1_000_000)],
  ['longer than the artifact', Buffer.alloc(4_000_000)],
])('what a power cut left %s is thrown away and fetched from the first byte, once', async (_name, part) => {
  await mkdir(order.folder);
  await writeFile(join(order.folder, `${sha256}.part`), part);
  expect((await fetchArtifact(client, order, forever)).ok).toBe(true);
  expect(offsets.at(-1)).toBe(0);
});

test('a file of the right name that rotted is fetched again', async () => {
  await mkdir(order.folder);
  await writeFile(join(order.folder, sha256), 'rotten');
  expect((await fetchArtifact(client, order, forever)).ok).toBe(true);
  expect((await readFile(join(order.folder, sha256))).equals(content)).toBe(true);
});

test('wrong bytes never get the name', async () => {
  const wrong = 'ab'.repeat(32);
  await writeFile(join(served, wrong), content);
  expect(await refused({ sha256: wrong })).toMatchObject({ code: 'artifact-corrupt' });
  expect(await readdir(order.folder)).toEqual([]);
  expect(offsets).toEqual([0]);
});

test('an unknown artifact is named, with the remedy', async () => {
  const unknown = await refused({ sha256: 'cd'.repeat(32) });
  expect(unknown.code).toBe('artifact-unknown');
  expect(unknown.message).toContain('cd'.repeat(32));
});

test('more than the limit is never written', async () => {
  expect(await refused({ maxBytes: 1_000_000 })).toMatchObject({ code: 'artifact-too-large' });
  expect(await readdir(order.folder)).toEqual([]);
});

test('a file that shrinks under the transfer does not pass', async () => {
  link.cutAfter(500_000);
  const fetching = fetchArtifact(client, { ...order, attemptsMax: 2 }, forever);
  await truncate(join(served, sha256), 10);
  expect((await fetching).ok).toBe(false);
});

test('a node that was removed gets nothing', async () => {
  await removeNode(fleet.store, 'web1');
  expect(await refused({})).toMatchObject({ code: 'refused' });
});

test('a stream that ends early in good order is no whole artifact: it goes on, and is given up where nothing comes', async () => {
  const answers: FetchResponse[][] = [[{ size: content.length }, { chunk: content.subarray(0, 1_000_000) }], [{ size: content.length }, { chunk: content.subarray(1_000_000) }]];
  const asked: number[] = [];
  const { other, port } = await serveOther((call) => {
    asked.push(call.request.offset);
    for (const message of answers.shift() ?? []) call.write(message);
    call.end();
  });
  expect((await fetchArtifact(other, order, forever)).ok).toBe(true);
  expect(asked).toEqual([0, 1_000_000]);
  expect(await fetchArtifact(other, { ...order, sha256: 'ab'.repeat(32), attemptsMax: 2 }, forever)).toMatchObject({ ok: false, code: 'unreachable' });
  expect(asked).toHaveLength(4);
  port.forceShutdown();
  other.close();
});

test('a link that stays down is given up after the attempts', async () => {
  link.close();
  expect(await refused({ attemptsMax: 2 })).toMatchObject({ code: 'unreachable' });
});

test.each(['../../etc/shadow', 'AB'.repeat(32), ''])('the coordinator opens no file called %j', async (name) => {
  const stream = client.Fetch({ sha256: name });
  const error = await new Promise<ServiceError>((resolve) => stream.on('error', resolve).on('data', () => undefined));
  expect(error.details).toContain('sha256');
});

test('a reader that does not read holds the sender up: what lies between stays small', async () => {
  const large = randomBytes(40_000_000);
  const name = createHash('sha256').update(large).digest('hex');
  await writeFile(join(served, name), large);
  let sent = 0;
  const handlers = artifactHandlers({ copyFor: () => null,
    folder: served,
    authenticator: { ...certificateAuthenticator({ fleet: 'prod', store: fleet.store, clock: fleet.clock }), any: async () => ({ ok: true, kind: 'node', node: 'web1' }) },
    logger: silentLogger,
  });
  const watched = (call: ServerWritableStream<FetchRequest__Output, FetchResponse>): void => {
    const write = call.write.bind(call) as (message: FetchResponse) => boolean;
    call.write = ((message: FetchResponse) => {
      sent += (message.chunk as Buffer | undefined)?.length ?? 0;
      return write(message);
    }) as typeof call.write;
    handlers.Fetch(call);
  };
  const { other: reader, port: watching } = await serveOther(watched);
  const stream = reader.Fetch({ sha256: name });
  await new Promise((resolve) => stream.once('readable', resolve));
  await systemClock.sleep(500);
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(8_000_000);
  stream.on('error', () => undefined);
  stream.cancel();
  reader.close();
  watching.forceShutdown();
});

async function serveOther(fetch: (call: ServerWritableStream<FetchRequest__Output, FetchResponse>) => void) {
  const port = new Server();
  port.addService(farrier.Artifacts.service, { Fetch: fetch });
  const bound = await new Promise<number>((resolve) => port.bindAsync('127.0.0.1:0', mutualTlsCredentials(fleet.keys), (_error, number) => resolve(number)));
  return { port, other: new farrier.Artifacts(`localhost:${bound}`, credentials.createSsl(Buffer.from(fleet.keys.ca.certificatePem), ...(await clientPair()))) };
}

async function clientPair(): Promise<[Buffer, Buffer]> {
  const { keyPem, certificatePem } = await fleet.forge({ kind: 'node', fleet: 'prod', name: 'web1' });
  return [Buffer.from(keyPem), Buffer.from(certificatePem)];
}
