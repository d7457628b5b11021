import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream, status } from '@grpc/grpc-js';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { grpcEtcdMember } from '../../../agent/adapters/etcd/grpc-etcd-member.ts';
import type { EtcdMember } from '../../../agent/ports/etcd.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import { etcdInterface } from '../../../shared/wire/etcd-interface.ts';
import { makeEtcdPki } from '../../support/etcd-pki.ts';

type SnapshotStream = ServerWritableStream<unknown, { readonly remainingBytes: number; readonly blob: Buffer }>;

const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'farrier-snapshot-call-'));
const MESSAGE = { remainingBytes: 0, blob: Buffer.alloc(32 * 1024, 'x') };
/** What no etcd does at will: gRPC is real, the datastore is not. */
const server = new Server();
let answer: (call: SnapshotStream) => void;
let member: EtcdMember;

beforeAll(async () => {
  const pki = await makeEtcdPki(join(folder, 'pki'));
  const unary = (_call: ServerUnaryCall<unknown, unknown>, done: sendUnaryData<unknown>): void => done({ code: status.UNIMPLEMENTED });
  server.addService(etcdInterface().Maintenance.service, { Alarm: unary, Status: unary, Defragment: unary, HashKV: unary, MoveLeader: unary, Snapshot: (call: SnapshotStream) => answer(call) });
  const credentials = ServerCredentials.createSsl(readFileSync(pki.caFile), [{ cert_chain: readFileSync(pki.serverCertificateFile), private_key: readFileSync(pki.serverKeyFile) }], true);
  const port = await new Promise<number>((resolve, reject) => server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error))));
  member = grpcEtcdMember({ endpoint: `https://127.0.0.1:${port}`, caFile: pki.caFile, certificateFile: pki.certificateFile, keyFile: pki.keyFile }, systemClock);
});
afterAll(() => {
  server.forceShutdown();
  rmSync(folder, { recursive: true });
});

async function snapshot(signal = never): Promise<{ readonly taken: number; readonly answer: unknown }> {
  let taken = 0;
  const said = await member.snapshot(async ({ blob }) => void (taken += blob.length), signal);
  return { taken, answer: said };
}

test('a stream without a byte is no error of the call', async () => {
  answer = (call) => call.end();
  expect(await snapshot()).toEqual({ taken: 0, answer: { ok: true, value: null } });
});

test.each([
  ['before the first byte', 0, status.UNKNOWN, 'snapshot is not supported', 'unsupported'],
  ['after some', 3, status.UNAVAILABLE, 'etcdserver: server stopped', 'unreachable'],
  ['after all, and with a word that is escaped on its way', 3, status.UNKNOWN, 'disque défectueux: 100 %', 'refused'],
])('what the member says against it is heard, %s', async (_when, messages, code, details, expected) => {
  answer = (call) => {
    for (let sent = 0; sent < messages; sent += 1) call.write(MESSAGE);
    call.emit('error', { code, details });
  };
  const { answer: said } = await snapshot();
  expect(said).toMatchObject({ ok: false, code: expected, message: expect.stringContaining(details) as string });
});

test('an abort ends a call that nobody answers', async () => {
  const stop = new AbortController();
  answer = () => stop.abort(new Error('enough'));
  await expect(snapshot(stop.signal)).rejects.toThrow('enough');
});

test('no more is sent than is taken, and what may be on its way', async () => {
  const database = 32 * 1024 * 1024;
  let sent = 0;
  answer = (call) => {
    const more = (): void => {
      while (sent < database) {
        sent += MESSAGE.blob.length;
        if (!call.write(MESSAGE)) return void call.once('drain', more);
      }
      call.end();
    };
    more();
  };
  let taken = 0;
  let furthest = 0;
  const said = await member.snapshot(async ({ blob }) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    taken += blob.length;
    furthest = Math.max(furthest, sent - taken);
  }, never);
  expect([said.ok, taken]).toEqual([true, database]);
  expect(furthest).toBeLessThan(12 * 1024 * 1024);
});
