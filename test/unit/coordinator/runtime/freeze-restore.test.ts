import { describe, expect, test } from 'vitest';

import type { NodeView, Session } from '../../../../coordinator/core/world.ts';
import { freezeRestore, restoreParty, type RestoreOrder } from '../../../../coordinator/runtime/freeze-restore.ts';
import type { DatastoreFacts } from '../../../../shared/domain/host-facts.ts';
import type { SnapshotToken } from '../../../../shared/domain/snapshot.ts';
import { decodeSequence, encodeSequence } from '../../../../shared/wire/sequence-codec.ts';
import { BARE_HOST, K3S_SERVER } from '../../../support/example-facts.ts';
import { exampleSnapshot } from '../../../support/example-snapshot.ts';
import { aView, SESSIONS } from '../../../support/world-builder.ts';

const RECIPIENT = `age1${'q'.repeat(58)}`;
const STANZA = `X25519 ${'A'.repeat(43)} ${'B'.repeat(42)}A`;

function host(name: string, { cluster = 'prod', session = SESSIONS.connected, datastore = setUp(name) }: { readonly cluster?: string; readonly session?: Session; readonly datastore?: DatastoreFacts | null } = {}): NodeView {
  const snapshots = { recipient: RECIPIENT, mayProve: false, reason: '', tools: [], freeBytes: 0 };
  return aView(name, { record: { cluster }, session, facts: { facts: { ...BARE_HOST, snapshots, datastore }, sinceUnixMs: 0 } });
}

function setUp(name: string): DatastoreFacts {
  return { member: { name, peerUrls: [`https://${name}:2380`], clientUrl: `https://${name}:2379` }, apiServer: `https://${name}:6443` };
}

const THREE = ['cp3', 'cp1', 'cp2'].map((name) => host(name));

describe('who takes part', () => {
  test('all members of the cluster, by name, with every API server that anybody knows', () => {
    const party = restoreParty('prod', { datastore: 'etcd' }, [...THREE, host('w1', { datastore: null }), host('api', { datastore: { member: null, apiServer: 'https://api:6443' } }), host('x1', { cluster: 'other' })], ['https://out:6443', 'https://cp1:6443']);
    expect(party.problems).toEqual([]);
    expect(party.hosts.map(({ node }) => node)).toEqual(['cp1', 'cp2', 'cp3']);
    expect(party.apiServers.toSorted()).toEqual(['https://api:6443', 'https://cp1:6443', 'https://cp2:6443', 'https://cp3:6443', 'https://out:6443']);
  });

  test.each<[string, readonly NodeView[], RegExp]>([
    ['no member', [host('w1', { datastore: null })], /no node of cluster prod has told of a member/],
    ['a member away', [...THREE, host('cp4', { session: SESSIONS.lost })], /^cp4 must be connected/],
    ['a member that has not reported', [...THREE, host('cp4', { session: SESSIONS.unreported })], /^cp4 must be connected/],
    ['a host of which nothing is known', [...THREE, aView('new', { record: { cluster: 'prod' } })], /^new never told what runs there/],
    ['a member twice', [...THREE, host('cp9', { datastore: setUp('cp1') })], /a member of the same name \(.*cp1.*\)/],
  ])('%s keeps it from starting', (_what, views, problem) => {
    expect(restoreParty('prod', { datastore: 'etcd' }, views, []).problems).toEqual([expect.stringMatching(problem)]);
  });
});

describe('of a datastore in SQLite', () => {
  const k3s = (name: string): NodeView => aView(name, { record: { cluster: 'edge' }, facts: { facts: K3S_SERVER, sinceUnixMs: 0 } });

  test('the one server takes part, with one step that puts all of it back', () => {
    const party = restoreParty('edge', { datastore: 'sqlite' }, [k3s('s1'), host('w1', { cluster: 'edge', datastore: null })], []);
    expect(party).toMatchObject({ problems: [], hosts: [{ node: 's1', member: null }] });
    const frozen = freezeRestore(party, { ...order, record: { ...record, version: 'v1.33.5+k3s1' }, keys: new Map([['s1', STANZA]]) });
    const steps = Object.values(frozen.sequences)[0] ?? [];
    expect(steps.map(({ kind }) => kind)).toEqual(['restore_k3s']);
    expect(decodeSequence(encodeSequence(steps))).toEqual({ ok: true, value: steps });
  });

  test('two servers keep it from starting', () => {
    expect(restoreParty('edge', { datastore: 'sqlite' }, [k3s('s1'), k3s('s2')], []).problems).toEqual([expect.stringMatching(/has 2 servers \(s1, s2\)/)]);
  });
});

describe('of the etcd that K3s embeds', () => {
  const servers = [aView('s1', { record: { cluster: 'edge' }, facts: { facts: K3S_SERVER, sinceUnixMs: 0 } })];
  const problemsWith = (token?: SnapshotToken) => restoreParty('edge', { datastore: 'etcd', ...(token === undefined ? {} : { token }) }, servers, []).problems;

  test.each<[string, SnapshotToken | undefined, RegExp]>([
    ['the token that lies sealed in the record', { hash: '0330d8b1433f', sealed: 'YWdl' }, /--token=TOKEN, where TOKEN is the server token of hash 0330d8b1433f \(farrier snapshot ls --json has it/],
    ['a token that lies elsewhere', { hash: '0330d8b1433f', sealed: null }, /of hash 0330d8b1433f \(it is not kept with the snapshot\)/],
    ['a token of which nothing is known', undefined, /restore-path=FILE with the server token of that time;/],
  ])('K3s itself puts it back, with %s', (_what, token, said) => {
    expect(problemsWith(token)).toEqual([expect.stringMatching(said)]);
    expect(problemsWith(token)[0]).toMatch(/^edge keeps its datastore in the etcd that K3s embeds/);
  });
});

const record = exampleSnapshot();
const order: RestoreOrder = { record, keys: new Map(['cp1', 'cp2', 'cp3'].map((name) => [name, STANZA])), tool: null, apiServers: [], lost: '5m', token: 'restore-1', waitMs: 60_000 };

test('each host gets the same snapshot as its own member, in an order that an agent takes', () => {
  const frozen = freezeRestore(restoreParty('prod', { datastore: 'etcd' }, THREE, []), order);
  expect(frozen.restore).toEqual({ cluster: 'prod', snapshot: record.plain.digest, takenUnixMs: record.takenUnixMs, lost: '5m' });
  expect(frozen.waves).toEqual([{ name: 'all-members', nodes: ['cp1', 'cp2', 'cp3'], soakMs: 0, needsAll: true }]);
  expect(frozen.noReturn).toEqual(['cp1', 'cp2', 'cp3']);
  const members = Object.entries(frozen.targets).map(([node, { digest }]) => {
    const steps = frozen.sequences[digest] ?? [];
    expect(decodeSequence(encodeSequence(steps))).toEqual({ ok: true, value: steps });
    expect(steps.map(({ kind }) => kind)).toEqual(['stop_control_plane', 'restore_datastore', 'start_datastore', 'start_control_plane']);
    const restore = steps.find((step) => step.kind === 'restore_datastore');
    expect(restore).toMatchObject({ snapshot: { sha256: 'b'.repeat(64) }, keys: [STANZA], token: 'restore-1' });
    return `${node} ${restore?.member} of ${restore?.members.map(({ name }) => name).join(' ')}`;
  });
  expect(members).toEqual(['cp1', 'cp2', 'cp3'].map((name) => `${name} ${name} of cp1 cp2 cp3`));
});
