import { describe, expect, test } from 'vitest';

import type { EtcdUpgradeSpec } from '../../../shared/domain/steps/etcd-spec.ts';
import { digestOf } from '../../../shared/wire/digest-of.ts';
import { encode, farrier } from '../../../shared/wire/protocol.ts';
import { decodeSequence, encodeSequence } from '../../../shared/wire/sequence-codec.ts';

const upgrade: EtcdUpgradeSpec = { kind: 'etcd_upgrade', name: 's', timeoutMs: 60_000, unit: 'etcd.service', version: '3.5.32', binary: { sha256: 'ab'.repeat(32), size: 24_117_248 }, crossesMinor: true };

function refusedField(bytes: Uint8Array): string {
  const decoded = decodeSequence(bytes);
  return decoded.ok ? 'none' : `${decoded.error.code} ${decoded.error.field.replace('steps[0].', '')}`;
}

describe('what no plan could hold is refused', () => {
  test.each<[string, Partial<EtcdUpgradeSpec>, string]>([
    ['a unit that is an option', { unit: '--help' }, 'unit'],
    ['a unit that is a path', { unit: '../etcd.service' }, 'unit'],
    ['a version of two numbers', { version: '3.5' }, 'version'],
    ['a version of etcd 2', { version: '2.3.8' }, 'version'],
    ['a digest that is a path', { binary: { ...upgrade.binary, sha256: '../../../etc/shadow' } }, 'binary.sha256'],
    ['no bytes', { binary: { ...upgrade.binary, size: 0 } }, 'binary.size'],
  ])('%s', (_, change, field) => {
    expect(refusedField(encodeSequence([{ ...upgrade, ...change }]))).toBe(`invalid-field ${field}`);
  });

  test('an upgrade without a binary', () => {
    const etcdUpgrade = { unit: 'etcd.service', version: '3.5.32' };
    expect(refusedField(encode(farrier.Sequence, { steps: [{ name: 's', timeoutMs: 1, etcdUpgrade }] }))).toBe('invalid-field binary');
  });
});

test('the bytes of these steps never change within a version', () => {
  const steps = [upgrade, { ...upgrade, name: 't', crossesMinor: false }];
  expect(decodeSequence(encodeSequence(steps))).toEqual({ ok: true, value: steps });
  expect(digestOf(encodeSequence(steps))).toMatchInlineSnapshot(`"0eda5cad9a361112c9e230f0f4d696d55dc5ee3f57287f6117496ad346a8a52e"`);
});
