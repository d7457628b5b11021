import { expect, test } from 'vitest';

import { claimNode, type NodeClaim } from '../../../../coordinator/trust/claim-node.ts';
import { readEnrolledNode, type EnrolledNode } from '../../../../coordinator/trust/enrolled-node.ts';
import type { TokenRecord } from '../../../../coordinator/trust/token-record.ts';

const token: TokenRecord = {
  id: 't',
  secretHash: '',
  uses: 1,
  used: 0,
  usedBy: [],
  expiresUnixMs: 9,
  names: '*',
  labels: { tier: 'web' },
  cluster: 'c',
  zone: 'z',
  site: 's',
  createdBy: 'ann',
  createdUnixMs: 0,
};

function claim(keyHash: string, serial: string): NodeClaim {
  return { node: 'web1', machineId: `machine of ${keyHash}`, token, certificate: { serial, keyHash, notAfterUnixMs: 5 }, newEnrollment: `enrollment ${serial}`, nowUnixMs: 1 };
}

function after(...claims: readonly NodeClaim[]): EnrolledNode | null {
  return claims.reduce<EnrolledNode | null>((node, each) => {
    const { write } = claimNode(node, each);
    return write === null ? node : readEnrolledNode(write);
  }, null);
}

test('free -> enrolled, with what the token says', () => {
  expect(claimNode(null, claim('k1', '1')).result).toEqual({ ok: true, enrollment: 'enrollment 1', state: 'enrolled', again: false });
  expect(after(claim('k1', '1'))).toMatchObject({ name: 'web1', approved: true, labels: { tier: 'web' }, cluster: 'c', zone: 'z', site: 's', pending: null });
});

test('enrolled -> the same key gets the same enrollment', () => {
  expect(claimNode(after(claim('k1', '1')), claim('k1', '2')).result).toEqual({ ok: true, enrollment: 'enrollment 1', state: 'enrolled', again: true });
});

test('enrolled -> another key waits beside', () => {
  const [before, node] = [after(claim('k1', '1')), after(claim('k1', '1'), claim('k2', '2'))];
  expect({ ...node, pending: null }).toEqual(before);
  expect(node?.pending?.identity).toMatchObject({ enrollment: 'enrollment 2', machineId: 'machine of k2' });
});

test('waiting -> the same key waits on under its enrollment, the owner goes on under its own', () => {
  const node = after(claim('k1', '1'), claim('k2', '2'));
  expect(claimNode(node, claim('k2', '3')).result).toEqual({ ok: true, enrollment: 'enrollment 2', state: 'pending-approval', again: true });
  expect(claimNode(node, claim('k1', '3')).result).toEqual({ ok: true, enrollment: 'enrollment 1', state: 'enrolled', again: true });
});

test('waiting -> a third key is refused and changes nothing', () => {
  expect(claimNode(after(claim('k1', '1'), claim('k2', '2')), claim('k3', '3'))).toMatchObject({ write: null, result: { ok: false, code: 'another-pending' } });
});

test('certificates of one key replace each other, so that repeating pushes no other out', () => {
  const repeats = Array.from({ length: 20 }, (_, index) => claim('k1', String(index)));
  expect(after(...repeats)?.identity.certificates.map(({ serial }) => serial)).toEqual(['19']);
});
