import { status } from '@grpc/grpc-js';
import { beforeEach, expect, test } from 'vitest';

import { type RestoreApiParts, restoreHandlers } from '../../../coordinator/api/restore-handlers.ts';
import type { Gate } from '../../../coordinator/api/unary.ts';
import type { Who } from '../../../coordinator/api/who.ts';
import { emptySnapshots } from '../../../coordinator/core/cluster-snapshots.ts';
import type { RolloutEventBody } from '../../../coordinator/core/rollout-event.ts';
import { generateIdentity } from '../../../shared/age/age-keys.ts';
import type { HostFacts } from '../../../shared/domain/host-facts.ts';
import { systemRandom } from '../../../shared/ports/system-random.ts';
import { toSnapshotMessage } from '../../../shared/wire/snapshot-codec.ts';
import { BARE_HOST, CONTROL_PLANE, ETCD_LOOK } from '../../support/example-facts.ts';
import { exampleSnapshot } from '../../support/example-snapshot.ts';
import { aFleet, aMember } from '../../support/fleet-state.ts';
import { silentLogger } from '../../support/silent-logger.ts';
import { aRollout } from '../../support/world-builder.ts';

const MINUTE_MS = 60_000;
const STANZA = `X25519 ${'A'.repeat(43)} ${'B'.repeat(42)}A`;
const NODES = ['cp1', 'cp2', 'cp3'];
const record = exampleSnapshot();
const choice = { cluster: 'prod', snapshot: record.id, described: null };
const asked = { choice, apiServers: [], lost: '1h 5m', keys: NODES.map((node) => ({ node, stanza: STANZA })), tool: null, waitMs: 0 };

let who: Who;
let audited: string[];
let started: { readonly id: string; readonly body: RolloutEventBody }[];
let parts: RestoreApiParts;

beforeEach(() => {
  who = { name: 'ann', role: 'admin' };
  audited = [];
  started = [];
  const newest = exampleSnapshot({ id: 'newer', revision: 402, look: null });
  parts = {
    state: aFleet(NODES.map((name) => aMember(name, factsOf(name)))),
    log: { rolloutNow: async (id: string, body: RolloutEventBody) => void started.push({ id, body }) } as unknown as RestoreApiParts['log'],
    controller: { command: async (work: () => Promise<unknown>) => await work() } as unknown as RestoreApiParts['controller'],
    random: systemRandom,
    clock: { wallUnixMs: () => record.takenUnixMs + 65 * MINUTE_MS, monotonicMs: () => 0, sleep: async () => undefined },
    artifacts: { find: async () => null },
    bytes: { sizeOf: async (sha256) => (sha256 === record.sealed?.digest ? record.sealed.sizeBytes : null), start: async () => Buffer.from('age-encryption.org/v1\n') },
    snapshots: { of: (cluster) => ({ ...emptySnapshots(cluster), snapshots: cluster === 'prod' ? [record, newest].map((one) => ({ node: 'cp1', record: one })) : [] }) },
  };
});

function factsOf(name: string): HostFacts {
  const snapshots = { recipient: generateIdentity().recipient.text, mayProve: false, reason: '', tools: [], freeBytes: 0 };
  return { ...BARE_HOST, snapshots, datastore: { member: { name, peerUrls: [`https://${name}:2380`], clientUrl: `https://${name}:2379` }, apiServer: `https://${name}:6443` } };
}

/** @returns the answer, or the code and words of a refusal. */
async function ask(method: 'PlanRestore' | 'StartRestore', request: object): Promise<Readonly<Record<string, unknown>>> {
  const gate: Gate = { identify: async () => who, audit: async ({ action, object, result, detail }) => void audited.push(`${action} ${object}: ${result}${detail === '' ? '' : ` (${detail})`}`), logger: silentLogger };
  const handler = restoreHandlers(gate, parts)[method] as (call: object, callback: (error: unknown, answer?: object) => void) => void;
  return await new Promise((resolve) => handler({ request }, (error, answer) => resolve((answer ?? error) as Readonly<Record<string, unknown>>)));
}

test('an admin hears what is lost, and who takes part', async () => {
  expect(await ask('PlanRestore', { choice, apiServers: [] })).toMatchObject({ lost: '1h 5m', lostRevisions: 100, problems: [], hosts: NODES.map((node) => ({ node, member: node })), apiServers: NODES.map((node) => `https://${node}:6443`) });
  expect(started).toEqual([]);
});

test('typed back, it starts: frozen with its mark, and written down', async () => {
  const { rollout } = await ask('StartRestore', asked);
  expect(started).toMatchObject([{ id: rollout, body: { type: 'started', by: 'ann', frozen: { restore: { cluster: 'prod', lost: '1h 5m' } } } }]);
  expect(audited).toEqual([`snapshot restore prod f00d: ok (${String(rollout)}, typed back as lost: 1h 5m)`]);
});

test.each<[string, object, RegExp]>([
  ['another loss typed back', { lost: '5m' }, /has to be typed back as it is, which is 1h 5m now/],
  ['nothing typed back', { lost: '' }, /has to be typed back/],
  ['a key that lacks for one host', { keys: asked.keys.slice(1) }, /its key was not handed over for cp1/],
  ['a snapshot that nobody knows', { choice: { ...choice, snapshot: 'none' } }, /no snapshot of cluster prod is called none/],
  ['an address that is none', { apiServers: ['http://x'] }, /named as https:\/\/HOST:PORT/],
  ['a wait of a second', { waitMs: 1000 }, /wait for one another/],
])('%s: nothing is started, and the refusal is written down', async (_what, change, words) => {
  expect(await ask('StartRestore', { ...asked, ...change })).toMatchObject({ details: expect.stringMatching(words) });
  expect(started).toEqual([]);
  expect(audited).toEqual([expect.stringMatching(/^snapshot restore .*: refused: /)]);
});

test('a snapshot of the datastore that another cluster runs on is put back nowhere else', async () => {
  parts.state.nodes.set('other', aMember('other', { ...CONTROL_PLANE, etcdMember: { ...ETCD_LOOK, clusterId: record.clusterId ?? '' } }, { cluster: 'paddock' }));
  const words = { details: expect.stringMatching(/taken of the datastore that cluster paddock runs on/) as string };
  expect(await ask('StartRestore', asked)).toMatchObject(words);
  // A host that ran on it before is no such cluster: it may be the one that is to come back.
  parts.state.nodes.set('cp1', aMember('cp1', { ...factsOf('cp1'), etcdMember: { ...ETCD_LOOK, clusterId: record.clusterId ?? '' } }));
  expect(await ask('PlanRestore', { choice, apiServers: [] })).toMatchObject({ problems: [] });
});

test('nor one whose record names another cluster of the fleet', async () => {
  const described = toSnapshotMessage({ ...record, cluster: 'paddock' });
  const request = { ...asked, choice: { cluster: 'prod', snapshot: '', described } };
  expect(await ask('StartRestore', request)).toMatchObject({ rollout: expect.any(String) as string });
  parts.state.nodes.set('other', aMember('other', null, { cluster: 'paddock' }));
  expect(await ask('StartRestore', request)).toMatchObject({ details: expect.stringMatching(/the record says that the snapshot is of cluster paddock/) as string });
});

test('neither may an operator start one, nor hear of its keys', async () => {
  who = { name: 'bob', role: 'operator' };
  for (const [method, request] of [['PlanRestore', { choice, apiServers: [] }], ['StartRestore', asked]] as const) expect(await ask(method, request)).toMatchObject({ code: status.PERMISSION_DENIED });
  expect(started).toEqual([]);
  expect(audited).toEqual(['snapshot restore prod f00d: refused: role (typed back as lost: 1h 5m)']);
});

test('while one restores the cluster, no other is started', async () => {
  await ask('StartRestore', asked);
  const [first] = started;
  if (first?.body.type !== 'started') throw new Error('nothing was started');
  parts.state.rollouts.set(first.id, aRollout(first.id, first.body.frozen));
  expect(await ask('StartRestore', asked)).toMatchObject({ details: expect.stringMatching(/restores the datastore of prod already/) });
});
