import { describe, expect, test } from 'vitest';

import type { SnapshotAction, SnapshotCommand } from '../../../shared/domain/snapshot-command.ts';
import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import type { AgentMessage, AgentMessage__Output } from '../../../shared/wire/messages.ts';
import { decode, encode, farrier } from '../../../shared/wire/protocol.ts';
import { decodeSnapshotCommand, encodeSnapshotCommand } from '../../../shared/wire/snapshot-command-codec.ts';
import { CATALOGUE_MAX, fromCatalogueMessage, fromOutcomeMessage, fromProgressMessage, toCatalogueMessage, toOutcomeMessage } from '../../../shared/wire/snapshot-report-codec.ts';
import { exampleProof, exampleSnapshot } from '../../support/example-snapshot.ts';

const FULL = exampleSnapshot({ copies: [], proof: exampleProof(1_790_000_100_000), token: { hash: '0330d8b1433f', sealed: 'YWdl' }, look: { revision: 300, keys: 299, registryKeys: 200, kubeSystem: 'd'.repeat(64), hash: { hash: 2 ** 32 - 1, compactRevision: -1 } } });
const BARE = exampleSnapshot({ copies: [], datastore: 'sqlite', clusterId: null, member: { id: null, name: 'edge-1' }, liveKeys: null, sealed: null, look: null });
const NOT_HASHED = exampleSnapshot({ copies: [], look: { revision: 300, keys: 0, registryKeys: 0, kubeSystem: null, hash: null } });

function overTheWire(message: AgentMessage): AgentMessage__Output {
  return decode(farrier.AgentMessage, encode(farrier.AgentMessage, message));
}

function catalogueOf(records: readonly SnapshotRecord[]): NonNullable<AgentMessage__Output['snapshots']> {
  const { snapshots } = overTheWire({ snapshots: toCatalogueMessage(records) });
  if (!snapshots) throw new Error('nothing arrived');
  return snapshots;
}

test.each<readonly [string, SnapshotRecord]>([['with everything', FULL], ['whose token lies elsewhere', exampleSnapshot({ copies: [], token: { hash: '0330d8b1433f', sealed: null } })], ['with nothing that may be left out', BARE], ['whose look could not be hashed', NOT_HASHED]])('a snapshot %s survives the wire', (_what, record) => {
  expect(fromCatalogueMessage(catalogueOf([record]))).toEqual({ ok: true, value: [record] });
});

test('where its bytes lie is not for others to say', () => {
  expect(fromCatalogueMessage(catalogueOf([{ ...FULL, copies: [{ kind: 'coordinator' }] }]))).toMatchObject({ ok: true, value: [{ copies: [] }] });
});

test('of more than a message takes the newest are told', () => {
  const many = Array.from({ length: CATALOGUE_MAX + 1 }, (_none, index) => exampleSnapshot({ id: `s${index}`, takenUnixMs: 1_000 + index }));
  const ids = catalogueOf(many).snapshots.map(({ id }) => id);
  expect([ids.length, ids[0], ids.includes('s0')]).toEqual([CATALOGUE_MAX, `s${CATALOGUE_MAX}`, false]);
});

describe('what no honest host tells', () => {
  const [good] = catalogueOf([FULL]).snapshots;
  if (good === undefined) throw new Error('nothing arrived');
  test.each<readonly [string, string, object]>([
    ['an id that leads elsewhere', 'snapshots[0].id', { id: '../../etc' }],
    ['another datastore', 'snapshots[0].datastore', { datastore: 'mysql' }],
    ['an id of a member that is no number', 'snapshots[0].memberId', { memberId: 'm0' }],
    ['a name that paints', 'snapshots[0].memberName', { memberName: 'a\u001b[2J' }],
    ['a revision below zero', 'snapshots[0].revision', { revision: -1 }],
    ['no moment', 'snapshots[0].takenUnixMs', { takenUnixMs: 0 }],
    ['no digest', 'snapshots[0].plain.sha256', { plain: null }],
    ['a digest that is none', 'snapshots[0].sealed.sha256', { sealed: { sha256: 'x', size: 1, recipients: [] } }],
    ['no bytes', 'snapshots[0].sealed.size', { sealed: { sha256: 'a'.repeat(64), size: 0, recipients: [] } }],
    ['more who can open it than there can be', 'snapshots[0].sealed.recipients', { sealed: { sha256: 'a'.repeat(64), size: 1, recipients: Array.from({ length: 18 }, () => 'a'.repeat(64)) } }],
    ['a hash of a token that is none', 'snapshots[0].token.hash', { token: { hash: '\u001b[2J', sealed: '' } }],
    ['more of a token than there can be', 'snapshots[0].token.sealed', { token: { hash: '0330d8b1433f', sealed: 'A'.repeat(4097) } }],
    ['a token that paints', 'snapshots[0].token.sealed', { token: { hash: '0330d8b1433f', sealed: '\u001b[2J' } }],
    ['a namespace that is no digest', 'snapshots[0].look.kubeSystem', { look: { ...good.look, kubeSystem: 'kube-system' } }],
  ])('%s', (_what, field, change) => {
    const told = fromCatalogueMessage({ snapshots: [{ ...good, ...change }] });
    expect(told.ok ? null : told.error.field).toBe(field);
  });

  test('one id twice', () => {
    expect(fromCatalogueMessage({ snapshots: [good, good] })).toMatchObject({ ok: false, error: { field: 'snapshots that share an id' } });
  });
});

const HEADER = { id: 'ab'.repeat(8), fleet: 'demo', node: 'cp-1', epoch: 3, issuedUnixMs: 1_000, expiresUnixMs: 2_000 };
const RECIPIENT = `age1${'q'.repeat(58)}`;

describe('a command', () => {
  test.each<SnapshotAction>([
    { kind: 'take', cluster: 'prod', recipients: [RECIPIENT], prove: true },
    { kind: 'take', cluster: '', recipients: [], prove: false },
    { kind: 'prove', snapshot: FULL, tools: [{ name: 'etcdutl', sha256: 'e'.repeat(64), size: 12 }] },
    { kind: 'send', snapshot: 'f00d' },
    { kind: 'delete', snapshot: 'f00d' },
  ])('to $kind survives the wire', (action) => {
    const command: SnapshotCommand = { ...HEADER, action };
    expect(decodeSnapshotCommand(encodeSnapshotCommand(command))).toEqual({ ok: true, value: command });
  });

  test.each<readonly [string, object, string]>([
    ['with an id that leads elsewhere', { id: '../x' }, 'id'],
    ['of no epoch', { epoch: 0 }, 'epoch'],
    ['that ends before it begins', { expiresUnixMs: 1 }, 'expiresUnixMs'],
    ['sealed for nobody who can be', { action: { kind: 'take', cluster: '', recipients: ['age1x'], prove: false } }, 'take.recipients'],
    ['of a snapshot that leads elsewhere', { action: { kind: 'delete', snapshot: '../x' } }, 'snapshot'],
    ['with a tool that is none of etcd’s', { action: { kind: 'prove', snapshot: FULL, tools: [{ name: 'sh', sha256: 'e'.repeat(64), size: 1 }] } }, 'prove.tools'],
  ])('%s is none', (_what, change, field) => {
    const read = decodeSnapshotCommand(encodeSnapshotCommand({ ...HEADER, action: { kind: 'send', snapshot: 'f00d' }, ...change }));
    expect(read.ok ? null : read.error.field).toBe(field);
  });

  test('of a kind that only a newer coordinator knows says so', () => {
    expect(decodeSnapshotCommand(encode(farrier.SnapshotCommand, HEADER))).toMatchObject({ ok: false, error: { code: 'unknown-action' } });
    expect(decodeSnapshotCommand(Buffer.from([0xff]))).toMatchObject({ ok: false, error: { code: 'malformed' } });
  });
});

test('an outcome survives the wire with the proof as it came', () => {
  const outcome = { command: HEADER.id, code: 'ok', message: '', snapshot: FULL, fetchMs: 12 } as const;
  const proof = { payload: Buffer.from('x'), payloadType: 'y', signatures: [{ keyid: 'k', sig: Buffer.from('z') }] };
  const { snapshotOutcome } = overTheWire({ snapshotOutcome: toOutcomeMessage(outcome, proof) });
  expect(snapshotOutcome && fromOutcomeMessage(snapshotOutcome)).toEqual({ ok: true, value: { outcome, proof } });
  expect(snapshotOutcome && fromOutcomeMessage({ ...snapshotOutcome, code: 'well' })).toMatchObject({ ok: false, error: { field: 'code' } });
  expect(snapshotOutcome && fromOutcomeMessage({ ...snapshotOutcome, snapshot: null, proof: null })).toMatchObject({ ok: true, value: { outcome: { snapshot: null }, proof: null } });
});

test('progress that makes no sense is nothing', () => {
  const progress = { command: HEADER.id, doing: 'proves it: restore' };
  expect(fromProgressMessage(progress)).toEqual(progress);
  expect([fromProgressMessage({ ...progress, doing: 'a\u001b[2J' }), fromProgressMessage({ ...progress, command: '' })]).toEqual([null, null]);
});
