// A session is asked from time to time who it is: here by hand, in the coordinator every five minutes.
import { credentials, Server, ServerCredentials, type ClientDuplexStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { AgentLinkService } from '../../../coordinator/gateway/agent-link-service.ts';
import { recheckSessions } from '../../../coordinator/gateway/recheck-sessions.ts';
import type { FleetLog } from '../../../coordinator/runtime/fleet-log.ts';
import { Intake } from '../../../coordinator/runtime/intake.ts';
import type { FleetState } from '../../../coordinator/runtime/fleet-state.ts';
import { loadState } from '../../../coordinator/runtime/load-state.ts';
import type { JournalRecord } from '../../../shared/domain/journal-record.ts';
import { systemClock } from '../../../shared/ports/system-clock.ts';
import type { AgentMessage, CoordinatorMessage__Output } from '../../../shared/wire/messages.ts';
import { farrier } from '../../../shared/wire/protocol.ts';
import { toReport } from '../../../shared/wire/report-codec.ts';
import { memoryStore } from '../../support/memory-store.ts';
import { silentLogger } from '../../support/silent-logger.ts';

type Named = { readonly ok: true; readonly node: string } | { readonly ok: false; readonly code: string; readonly message: string };

const RECORD: JournalRecord = {
  ...{ format: 1, journalId: 'j', sequence: 1, kind: 'accepted', rollout: 'r', generation: 1, epoch: 1, digest: 'd', step: -1, stepName: '' },
  ...{ attempt: 0, payloadDigest: '', bootId: 'b', monotonicMs: 0, wallUnixMs: 0, outcome: null },
};

const server = { current: new Server() };
let named: Named;
let trustText = '';
let state: FleetState;
let service: AgentLinkService;
let stream: ClientDuplexStream<AgentMessage, CoordinatorMessage__Output>;
const heard: CoordinatorMessage__Output[] = [];
const refusals: string[] = [];

beforeEach(async () => {
  heard.length = 0;
  named = { ok: true, node: 'n1' };
  const store = memoryStore({ clock: systemClock });
  await store.putRecord('node/n1', { name: 'n1', labels: {}, cluster: '', zone: '', site: '', approved: true, enrolledUnixMs: 0 }, 0);
  state = await loadState(store, 'f', systemClock);
  const intake = new Intake(state, {} as FleetLog, systemClock, silentLogger, () => undefined);
  service = new AgentLinkService({
    ...{ state, intake, clock: systemClock, logger: silentLogger },
    nameNode: async () => named,
    trust: async () => ({ payload: Buffer.from(trustText), payloadType: '', signatures: [] }),
    raiseEpoch: async () => undefined,
    opened: () => undefined,
    refused: (_node, code) => refusals.push(code),
  });
  server.current = new Server();
  server.current.addService(farrier.AgentLink.service, service.handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.current.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  const client = new farrier.AgentLink(`127.0.0.1:${port}`, credentials.createInsecure());
  stream = client.Session();
  stream.on('error', () => undefined).on('data', (message) => heard.push(message));
  stream.write({ hello: { highestEpoch: -1 } });
  await until(() => heard.some(({ welcome }) => welcome !== null && welcome !== undefined));
});

afterEach(() => {
  stream.cancel();
  server.current.forceShutdown();
});

async function until(holds: () => boolean): Promise<void> {
  for (let look = 0; look < 200 && !holds(); look += 1) await systemClock.sleep(10);
  expect(holds()).toBe(true);
}

function goodbyes(): readonly unknown[] {
  return heard.flatMap(({ goodbye }) => (goodbye ? [goodbye] : []));
}

test('a new trust document reaches sessions that are open, once', async () => {
  const documents = (): readonly string[] => heard.flatMap(({ trust }) => (trust ? [Buffer.from(trust.payload).toString()] : []));
  await until(() => documents().length === 1);
  await service.spreadTrust();
  trustText = 'version 2';
  await service.spreadTrust();
  await service.spreadTrust();
  await until(() => documents().length > 1);
  await systemClock.sleep(50);
  expect(documents()).toEqual(['', 'version 2']);
  trustText = '';
});

test('who may still speak goes on', async () => {
  await service.recheck();
  await systemClock.sleep(50);
  expect(goodbyes()).toEqual([]);
  expect(service.send('n1', { kind: 'permit-offer', rollout: 'r', generation: 1 })).toBe(true);
});

test('who may not is told why and sent away, and what it still says is not taken', async () => {
  named = { ok: false, code: 'certificate-revoked', message: 'it was revoked by ann (sold)' };
  await service.recheck();
  stream.write({ refusal: { reason: 'signature-invalid', detail: 'said after the goodbye' } });
  await until(() => goodbyes().length > 0);
  expect(goodbyes()).toEqual([{ reason: 'it was revoked by ann (sold)', retryAfterMs: 30_000 }]);
  await systemClock.sleep(50);
  expect(refusals).toEqual([]);
  expect(service.send('n1', { kind: 'permit-offer', rollout: 'r', generation: 1 })).toBe(false);
});

test('the last words of a node that was removed a moment ago are dropped, and end nobody', async () => {
  state.nodes.delete('n1');
  stream.write({ permitRequest: { requestId: 'q', rollout: 'r', generation: 1, digest: '', bootId: '' } });
  stream.write({ refusal: { reason: 'signature-invalid', detail: '' } });
  stream.write({ report: toReport(RECORD) });
  // Answered only when everything before it was dealt with; an error of the process would fail the test.
  await until(() => heard.some(({ reportAck }) => reportAck !== null && reportAck !== undefined));
  expect(state.nodes.size).toBe(0);
});

test('an expired certificate was renewed meanwhile: the agent may dial again at once', async () => {
  named = { ok: false, code: 'certificate-expired', message: 'it expired' };
  await service.recheck();
  await until(() => goodbyes().length > 0);
  expect(goodbyes()).toEqual([{ reason: 'it expired', retryAfterMs: 0 }]);
});

test('it is done every five minutes until the coordinator stops, and a store that fails ends nothing', async () => {
  const waits: number[] = [];
  const stop = new AbortController();
  const clock = { ...systemClock, sleep: async (ms: number) => void (waits.push(ms) > 3 && stop.abort()) };
  let asked = 0;
  const failing = { spreadTrust: async () => await Promise.reject(new Error('nor this')), recheck: async () => await Promise.reject(new Error(`the store does not answer (${(asked += 1)})`)) };
  await recheckSessions(failing, { clock, logger: silentLogger }, stop.signal);
  expect(waits).toEqual([300_000, 300_000, 300_000, 300_000]);
  expect(asked).toBe(3);
});
