import { describe, expect, test } from 'vitest';

import type { K3sSpec } from '../../../shared/domain/steps/k3s-spec.ts';
import { digestOf } from '../../../shared/wire/digest-of.ts';
import { encode, farrier } from '../../../shared/wire/protocol.ts';
import { decodeSequence, encodeSequence } from '../../../shared/wire/sequence-codec.ts';

const artifact = { sha256: 'ab'.repeat(32), size: 71_303_168 };
const images = { sha256: 'cd'.repeat(32), size: 2 ** 33, name: 'k3s-airgap-images-amd64.tar.zst' };
const k3s: K3sSpec = { kind: 'k3s', name: 's', timeoutMs: 60_000, role: 'server', version: 'v1.34.1+k3s1', binary: artifact, images, crossesMinor: true };

function refusedField(bytes: Uint8Array): string {
  const decoded = decodeSequence(bytes);
  return decoded.ok ? 'none' : `${decoded.error.code} ${decoded.error.field.replace('steps[0].', '')}`;
}

describe('what no plan could hold is refused', () => {
  test.each<[string, Partial<K3sSpec>, string]>([
    ['a version without its own part', { version: 'v1.34.1' }, 'version'],
    ['a version that is an option', { version: '--help' }, 'version'],
    ['another distribution', { version: 'v1.34.1+rke2r1' }, 'version'],
    ['a digest in capitals', { binary: { ...artifact, sha256: 'AB'.repeat(32) } }, 'binary.sha256'],
    ['a digest that is a path', { binary: { ...artifact, sha256: '../../../etc/shadow' } }, 'binary.sha256'],
    ['no bytes', { binary: { ...artifact, size: 0 } }, 'binary.size'],
    ['more bytes than are ever taken', { binary: { ...artifact, size: 2 ** 34 + 1 } }, 'binary.size'],
    ['images without bytes', { images: { ...images, size: 0 } }, 'images.size'],
    ['images that go up', { images: { ...images, name: '../images.tar' } }, 'imagesName'],
    ['images in a folder below', { images: { ...images, name: 'a/images.tar' } }, 'imagesName'],
    ['a hidden archive', { images: { ...images, name: '.cache.tar' } }, 'imagesName'],
    ['what K3s does not import', { images: { ...images, name: 'images.zip' } }, 'imagesName'],
    ['images without a name', { images: { ...images, name: '' } }, 'imagesName'],
  ])('%s', (_name, change, field) => {
    expect(refusedField(encodeSequence([{ ...k3s, ...change }]))).toBe(`invalid-field ${field}`);
  });

  test.each([
    ['role', { version: 'v1.34.1+k3s1', binary: artifact }],
    ['binary', { role: 'K3S_ROLE_AGENT', version: 'v1.34.1+k3s1' }],
    ['imagesName', { role: 'K3S_ROLE_AGENT', version: 'v1.34.1+k3s1', binary: artifact, imagesName: 'images.tar' }],
  ] as const)('a step whose %s is not said, or said of nothing', (field, step) => {
    expect(refusedField(encode(farrier.Sequence, { steps: [{ name: 's', timeoutMs: 1, k3s: step }] }))).toBe(`invalid-field ${field}`);
  });
});

test('the bytes of this step never change within a version', () => {
  const steps = [k3s, { ...k3s, name: 't', role: 'agent' as const, images: null, crossesMinor: false }];
  expect(decodeSequence(encodeSequence(steps))).toEqual({ ok: true, value: steps });
  expect(digestOf(encodeSequence(steps))).toMatchInlineSnapshot(`"320351e39e312fa88250100d3dd8c70e45fb739b60ebde977bf3d56234985de2"`);
});
