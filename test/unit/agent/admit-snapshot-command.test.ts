import { expect, test } from 'vitest';

import { admitSnapshotCommand, type SnapshotCommandView } from '../../../agent/core/admit-snapshot-command.ts';
import type { SnapshotCommand } from '../../../shared/domain/snapshot-command.ts';

const COMMAND: SnapshotCommand = { id: 'ab'.repeat(8), fleet: 'demo', node: 'cp-1', epoch: 7, issuedUnixMs: 1_000, expiresUnixMs: 2_000, action: { kind: 'send', snapshot: 'f00d' } };
const VIEW: SnapshotCommandView = { fleet: 'demo', node: 'cp-1', nowUnixMs: 2_000, highestEpoch: 7, known: new Set() };

function judged(change: Partial<SnapshotCommand>, view: Partial<SnapshotCommandView> = {}): string {
  const admission = admitSnapshotCommand({ ok: true, value: { ...COMMAND, ...change } }, { ...VIEW, ...view });
  return admission.kind === 'refuse' ? admission.outcome.code : admission.kind;
}

test('a command for this host, of the leader as it is, is taken once', () => {
  expect([judged({}), judged({ epoch: 8 }), judged({}, { known: new Set([COMMAND.id]) })]).toEqual(['accept', 'accept', 'known']);
});

test.each<readonly [string, Partial<SnapshotCommand>, string]>([
  ['for another node', { node: 'cp-2' }, 'wrong-node'],
  ['of another fleet', { fleet: 'prod' }, 'wrong-node'],
  ['of a leader that was deposed', { epoch: 6 }, 'epoch-stale'],
  ['that comes too late', { expiresUnixMs: 1_999 }, 'permit-expired'],
])('one %s is refused', (_what, change, code) => {
  expect(judged(change)).toBe(code);
});

test('what is known is known however late it comes again, and never by a leader that was deposed', () => {
  const known = new Set([COMMAND.id]);
  expect([judged({ expiresUnixMs: 1_001 }, { known }), judged({ epoch: 6 }, { known })]).toEqual(['known', 'epoch-stale']);
});

test('what cannot be read is refused', () => {
  expect(admitSnapshotCommand({ ok: false, error: { code: 'unknown-action', field: 'action', message: 'x' } }, VIEW)).toMatchObject({ kind: 'refuse' });
});
