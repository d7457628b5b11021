import { describe, expect, test } from 'vitest';

import type { K3sRuntimesSpec } from '../../../shared/domain/steps/k3s-runtimes-spec.ts';
import { digestOf } from '../../../shared/wire/digest-of.ts';
import { encode, farrier } from '../../../shared/wire/protocol.ts';
import { decodeSequence, encodeSequence } from '../../../shared/wire/sequence-codec.ts';

const kata = { name: 'kata', type: 'io.containerd.kata.v2', binary: null, podAnnotations: ['a.b/*'] };
const mirror = { host: 'docker.io', endpoints: ['https://m:5000'] };
const step: K3sRuntimesSpec = { kind: 'k3s_runtimes', name: 's', timeoutMs: 60_000, role: 'server', runtimes: [kata], mirrors: [mirror] };

function refusedField(bytes: Uint8Array): string {
  const decoded = decodeSequence(bytes);
  return decoded.ok ? 'none' : `${decoded.error.code} ${decoded.error.field.replace('steps[0].', '')}`;
}

describe('what no plan could hold is refused', () => {
  test.each<[string, Partial<K3sRuntimesSpec>, string]>([
    ['a name that ends a table', { runtimes: [{ ...kata, name: "x']" }] }, 'runtimes[0].name'],
    ['a type that is a path', { runtimes: [{ ...kata, type: '/bin/sh' }] }, 'runtimes[0].type'],
    ['a program of the PATH', { runtimes: [{ ...kata, binary: 'crun' }] }, 'runtimes[0].binary'],
    ['a program that goes up', { runtimes: [{ ...kata, binary: '/usr/../crun' }] }, 'runtimes[0].binary'],
    ['an annotation that K3s would render', { runtimes: [{ ...kata, podAnnotations: ['{{ .X }}'] }] }, 'runtimes[0].podAnnotations[0]'],
    ['a runtime twice', { runtimes: [kata, kata] }, 'runtimes'],
    ['a host that is a key of another', { mirrors: [{ ...mirror, host: 'a: b' }] }, 'mirrors[0].host'],
    ['a host without an endpoint', { mirrors: [{ ...mirror, endpoints: [] }] }, 'mirrors[0].endpoints'],
    ['an endpoint with a password', { mirrors: [{ ...mirror, endpoints: ['https://u:p@m'] }] }, 'mirrors[0].endpoints[0]'],
    ['a host twice', { mirrors: [mirror, mirror] }, 'mirrors'],
  ])('%s', (_name, change, field) => {
    expect(refusedField(encodeSequence([{ ...step, ...change }]))).toBe(`invalid-field ${field}`);
  });

  test('an unspecified role', () => {
    expect(refusedField(encode(farrier.Sequence, { steps: [{ name: 's', timeoutMs: 1, k3sRuntimes: {} }] }))).toBe('invalid-field role');
  });
});

test('the bytes of this step never change within a version', () => {
  const steps = [step, { ...step, name: 't', role: 'agent' as const, runtimes: [{ ...kata, binary: '/usr/bin/kata' }], mirrors: [] }];
  expect(decodeSequence(encodeSequence(steps))).toEqual({ ok: true, value: steps });
  expect(digestOf(encodeSequence(steps))).toMatchInlineSnapshot(`"1edc86940b5697379a9dd3ddbdad5bf9d99d9194cfa5e61b8ce4ba468e3f0260"`);
});
