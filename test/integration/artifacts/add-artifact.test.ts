import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { createCsr, generateCertificateKey } from '../../../shared/trust/create-csr.ts';
import type { AddArtifactRequest, AddArtifactResponse__Output, Artifact__Output, AuditEntry__Output, FleetClient } from '../../../shared/wire/messages.ts';
import { farrier } from '../../../shared/wire/protocol.ts';
import { call } from '../../support/call.ts';
import { runFarrier } from '../../support/cli-run.ts';
import { ModelAgent } from '../../support/model-agent.ts';
import { RunningCoordinator } from '../../support/running-coordinator.ts';

const content = randomBytes(3_000_001);
const sha256 = createHash('sha256').update(content).digest('hex');
const head = { sha256, size: content.length, name: 'k3s' };
const PLAN = `
apiVersion: farrier/v1
kind: Plan
metadata: { name: k3s }
spec:
  steps:
    - k3s: { role: agent, version: v1.34.1+k3s1, binary: { sha256: "${sha256}", size: ${content.length} } }
`;

let coordinator: RunningCoordinator;
let folder: string;

beforeEach(async () => {
  coordinator = await RunningCoordinator.start();
  folder = join(coordinator.settings.dataFolder, 'artifacts');
});
afterEach(async () => await coordinator.destroy());

/** All that a sender does; what it sends may be anything. */
async function send(client: FleetClient, messages: readonly AddArtifactRequest[]): Promise<AddArtifactResponse__Output> {
  return await call<AddArtifactResponse__Output>((done) => {
    const sending = client.AddArtifact(done);
    sending.on('error', () => undefined);
    for (const message of messages) sending.write(message);
    sending.end();
    return sending;
  });
}

function whole(change: Partial<typeof head> = {}): readonly AddArtifactRequest[] {
  return [{ head: { ...head, ...change } }, { chunk: content.subarray(0, 1_000_000) }, { chunk: content.subarray(1_000_000) }];
}

async function list(): Promise<readonly Artifact__Output[]> {
  return (await call<{ artifacts: Artifact__Output[] }>((done) => coordinator.admin.ListArtifacts({}, done))).artifacts;
}

async function audited(): Promise<readonly string[]> {
  const { entries } = await call<{ entries: AuditEntry__Output[] }>((done) => coordinator.admin.ListAudit({ last: 10 }, done));
  return entries.filter(({ action }) => action.startsWith('artifact')).map(({ who, action, result }) => `${who} ${action} ${result}`);
}

/** An operator with a certificate, as the network knows one. */
async function operator(role: 'ROLE_VIEWER' | 'ROLE_OPERATOR'): Promise<FleetClient> {
  const keyPem = generateCertificateKey();
  const { certificatePem, caPem, apiAddress } = await call<{ certificatePem: string; caPem: string; apiAddress: string }>((done) => coordinator.admin.CreateOperator({ name: 'alice', role, csrPem: createCsr('alice', keyPem) }, done));
  return new farrier.Fleet(apiAddress, credentials.createSsl(Buffer.from(caPem), Buffer.from(keyPem), Buffer.from(certificatePem)));
}

test('a file is added, listed with who added it, not sent twice, and removed', async () => {
  const alice = await operator('ROLE_OPERATOR');
  expect(await send(alice, whole())).toMatchObject({ layHereAlready: false, artifact: { ...head, addedBy: 'alice' } });
  expect((await readFile(join(folder, sha256))).equals(content)).toBe(true);
  expect(await list()).toMatchObject([{ ...head, addedBy: 'alice' }]);
  expect(await send(alice, [{ head: { ...head, name: 'another' } }])).toMatchObject({ layHereAlready: true, artifact: { name: 'k3s' } });
  await call((done) => alice.RemoveArtifact({ sha256 }, done));
  expect(await list()).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
  expect(await audited()).toEqual(['alice artifact add ok', 'alice artifact add ok', 'alice artifact remove ok']);
  alice.close();
});

describe('nothing stays, and who sent it hears why', () => {
  test.each<[string, readonly AddArtifactRequest[], number, RegExp]>([
    ['fewer bytes than announced', whole().slice(0, 2), status.INVALID_ARGUMENT, /shrank/],
    ['more bytes than announced', [...whole(), { chunk: Buffer.from('x') }], status.INVALID_ARGUMENT, /grew/],
    ['other bytes', whole({ sha256: 'ab'.repeat(32) }), status.INVALID_ARGUMENT, /changed/],
    ['more than is ever taken', whole({ size: 2 ** 35 }), status.INVALID_ARGUMENT, /are taken/],
    ['nothing', whole({ size: 0 }), status.INVALID_ARGUMENT, /0 bytes/],
    ['a path for a digest', whole({ sha256: '../../etc/passwd' }), status.INVALID_ARGUMENT, /sha256/],
    ['a name that paints', whole({ name: 'k3s\u001b[2J' }), status.INVALID_ARGUMENT, /one line/],
    ['bytes without a head', whole().slice(1), status.INVALID_ARGUMENT, /first message/],
    ['no message', [], status.INVALID_ARGUMENT, /first message/],
  ])('%s', async (_name, messages, code, why) => {
    await expect(send(coordinator.admin, messages)).rejects.toMatchObject({ code, details: expect.stringMatching(why) as string });
    expect(await readdir(folder)).toEqual([]);
    expect(await list()).toEqual([]);
  });

  test('a viewer', async () => {
    const viewer = await operator('ROLE_VIEWER');
    await expect(send(viewer, whole())).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    await expect(call((done) => viewer.RemoveArtifact({ sha256 }, done))).rejects.toMatchObject({ code: status.PERMISSION_DENIED });
    expect(await readdir(folder)).toEqual([]);
    expect(await audited()).toEqual(['alice artifact add refused: role', 'alice artifact remove refused: role']);
    viewer.close();
  });

  test('a sender that goes away, and one that comes while it sends', async () => {
    let failed: ServiceError | null = null;
    const sending = coordinator.admin.AddArtifact((error) => {
      failed = error;
    });
    sending.on('error', () => undefined);
    for (const message of whole().slice(0, 2)) sending.write(message);
    await expect.poll(() => readdir(folder)).toEqual([`${sha256}.part`]);
    await expect(send(coordinator.admin, whole())).rejects.toMatchObject({ code: status.FAILED_PRECONDITION });
    sending.cancel();
    await expect.poll(() => failed?.code).toBe(status.CANCELLED);
    await expect.poll(() => readdir(folder)).toEqual([]);
    expect((await send(coordinator.admin, whole())).layHereAlready).toBe(false);
  });
});

test('what a crash left half-written is gone after the next start; what a person put there is listed', async () => {
  await coordinator.stop();
  await writeFile(join(folder, `${sha256}.part`), 'half');
  await writeFile(join(folder, 'cd'.repeat(32)), 'by hand');
  await coordinator.resume();
  expect(await list()).toMatchObject([{ sha256: 'cd'.repeat(32), size: 7, name: '' }]);
  expect(await readdir(folder)).toEqual(['cd'.repeat(32)]);
});

test('an artifact that a living rollout names stays', async () => {
  await send(coordinator.admin, whole());
  const node = await ModelAgent.enrolled('n1', await call((done) => coordinator.admin.CreateToken({ uses: 1 }, done)));
  // A node that told nothing yet is taken for one that knows the step.
  const { rollout } = await call<{ rollout: string }>((done) => coordinator.admin.StartRollout({ yaml: PLAN, file: 'plan.yaml' }, done));
  expect(rollout).not.toBe('');
  node.connect();
  await expect(call((done) => coordinator.admin.RemoveArtifact({ sha256 }, done))).rejects.toMatchObject({ code: status.FAILED_PRECONDITION, details: expect.stringContaining(rollout) as string });
  await expect.poll(async () => {
    await call((done) => coordinator.admin.SteerRollout({ rollout, steering: 'STEERING_ABORT', why: 'enough' }, done)).catch(() => undefined);
    return await call((done) => coordinator.admin.RemoveArtifact({ sha256 }, done)).then(() => 'removed', (error: ServiceError) => error.details);
  }, { timeout: 10_000 }).toBe('removed');
  await node.disconnect();
});

test('the command adds, lists and removes, and says what a plan has to write', async () => {
  const file = join(coordinator.dataFolder, 'k3s-amd64');
  await writeFile(file, content);
  const socket = ['--socket', coordinator.settings.adminSocket];
  const drawn: string[] = [];
  const added = await runFarrier(['artifact', 'add', file, ...socket], { terminal: { write: (text) => void drawn.push(text), columns: () => 80, rows: () => 24 } });
  expect(added).toMatchObject({ exitCode: 0, stderr: [] });
  expect(added.stdout).toEqual(['artifact  k3s-amd64', `sha256    ${sha256}`, `size      ${content.length}`]);
  expect((await runFarrier(['artifact', 'add', file, ...socket])).stdout.at(-1)).toBe('it was there already; nothing was sent');
  expect((await runFarrier(['artifact', 'ls', ...socket])).stdout[1]).toContain(`k3s-amd64  ${sha256}  ${content.length}`);
  expect((await runFarrier(['artifact', 'remove', sha256, ...socket])).exitCode).toBe(0);
  expect((await runFarrier(['artifact', 'remove', sha256, ...socket])).exitCode).toBe(1);
  await rm(file);
  expect((await runFarrier(['artifact', 'add', file, ...socket])).stderr.join(' ')).toContain('there is no such file');
});
