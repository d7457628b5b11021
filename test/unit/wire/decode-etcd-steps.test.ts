import { describe, expect, test } from 'vitest';

import type { EtcdDefragmentSpec, EtcdDisarmSpec, EtcdUpgradeSpec } from '../../../shared/domain/steps/etcd-spec.ts';
import { digestOf } from '../../../shared/wire/digest-of.ts';
import { encode, farrier } from '../../../shared/wire/protocol.ts';
import { decodeSequence, encodeSequence } from '../../../shared/wire/sequence-codec.ts';

const upgrade: EtcdUpgradeSpec = { kind: 'etcd_upgrade', name: 's', timeoutMs: 60_000, unit: 'etcd.service', version: '3.5.32', binary: { sha256: 'ab'.repeat(32), size: 24_117_248 }, crossesMinor: true };
const defragment: EtcdDefragmentSpec = { kind: 'etcd_defragment', name: 'd', timeoutMs: 60_000, fromFragmentedPercent: 45, fromQuotaPercent: 80 };
const disarm: EtcdDisarmSpec = { kind: 'etcd_disarm', name: 'a', timeoutMs: 60_000, keepRevisions: 1_000 };

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

  test.each([
    ['more of a database than there is', { ...defragment, fromFragmentedPercent: 101 }, 'fromFragmentedPercent'],
    ['more of a quota than there is', { ...defragment, fromQuotaPercent: 101 }, 'fromQuotaPercent'],
    ['more revisions than anybody keeps', { ...disarm, keepRevisions: 10_000_001 }, 'keepRevisions'],
  ])('%s', (_, step, field) => {
    expect(refusedField(encodeSequence([step]))).toBe(`invalid-field ${field}`);
  });

  test('an upgrade without a binary', () => {
    const etcdUpgrade = { unit: 'etcd.service', version: '3.5.32' };
    expect(refusedField(encode(farrier.Sequence, { steps: [{ name: 's', timeoutMs: 1, etcdUpgrade }] }))).toBe('invalid-field binary');
  });
});

test('the bytes of these steps never change within a version', () => {
  const steps = [upgrade, { ...upgrade, name: 't', crossesMinor: false }, defragment, disarm];
  expect(decodeSequence(encodeSequence(steps))).toEqual({ ok: true, value: steps });
  expect(digestOf(encodeSequence(steps))).toMatchInlineSnapshot(`"cf86330c5620a97760bdde33ab4d6a9fbb545776fafd87a71d5d954de2a51e1c"`);
});
