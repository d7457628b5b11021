import { describe, expect, test } from 'vitest';

import type { RestoreDatastoreSpec, RestoreSpec } from '../../../shared/domain/steps/restore-specs.ts';
import { digestOf } from '../../../shared/wire/digest-of.ts';
import { decodeSequence, encodeSequence } from '../../../shared/wire/sequence-codec.ts';

const member = { name: 'cp1', peerUrls: ['https://10.0.0.1:2380'], clientUrl: 'https://10.0.0.1:2379' };
const key = `X25519 ${'A'.repeat(43)} ${'B'.repeat(42)}A`;
const restore: RestoreDatastoreSpec = {
  kind: 'restore_datastore', name: 'restore', timeoutMs: 60_000, snapshot: { sha256: 'a'.repeat(64), size: 9 }, plain: { sha256: 'b'.repeat(64), size: 99 }, keys: [key], version: '3.5.16',
  tool: null, token: 'r-1', members: [member, { name: 'cp2', peerUrls: ['https://[fd00::2]:2380'], clientUrl: 'https://cp2.example:2379' }], member: 'cp1',
};
const { members } = restore;
const steps: readonly RestoreSpec[] = [
  { kind: 'stop_control_plane', name: 'stop', timeoutMs: 60_000, apiServers: ['https://10.0.0.1:6443'] },
  restore,
  { ...restore, name: 'plain', keys: [], snapshot: restore.plain, tool: { sha256: 'c'.repeat(64), size: 1 } },
  { kind: 'start_datastore', name: 'start', timeoutMs: 60_000, members, member: 'cp2', apiServers: [] },
  { kind: 'start_control_plane', name: 'back', timeoutMs: 60_000 },
];

describe('what no restore holds is refused', () => {
  test.each<[string, Partial<RestoreDatastoreSpec>, string]>([
    ['a snapshot of no digest', { snapshot: { sha256: '../x', size: 1 } }, 'snapshot.sha256'],
    ['a key of another kind', { keys: ['AGE-SECRET-KEY-1X'] }, 'keys[0]'],
    ['a sealed copy without a key', { keys: [] }, 'keys'],
    ['an etcd that is none', { version: '4.0.0' }, 'version'],
    ['a token that is an option', { token: '--x' }, 'token'],
    ['no member', { members: [] }, 'members'],
    ['a member that is a list', { members: [{ ...member, name: 'a=https://x,b' }], member: 'a=https://x,b' }, 'members[0].name'],
    ['a peer without TLS', { members: [{ ...member, peerUrls: ['http://10.0.0.1:2380'] }] }, 'members[0].peerUrls[0]'],
    ['a peer with a path', { members: [{ ...member, peerUrls: ['https://10.0.0.1:2380/,b=https://x:1'] }] }, 'members[0].peerUrls[0]'],
    ['a client address that is an option', { members: [{ ...member, clientUrl: '--x' }] }, 'members[0].clientUrl'],
    ['a member twice', { members: [member, member] }, 'members'],
    ['a member of none', { member: 'cp9' }, 'member'],
  ])('%s', (_name, change, field) => {
    const decoded = decodeSequence(encodeSequence([{ ...restore, ...change }]));
    expect(decoded.ok ? 'none' : `${decoded.error.code} ${decoded.error.field.replace('steps[0].', '')}`).toBe(`invalid-field ${field}`);
  });
});

test('the bytes of these steps never change within a version', () => {
  expect(decodeSequence(encodeSequence(steps))).toEqual({ ok: true, value: steps });
  expect(digestOf(encodeSequence(steps))).toMatchInlineSnapshot(`"c6d18aa2256ba616a26f7ead169ee0defdcdfc9417bc2feeffe7f4595356574d"`);
});
