import { describe, expect, test } from 'vitest';

import type { CriProbeSpec } from '../../../shared/domain/steps/cri-probe-spec.ts';
import type { ImageArchive, ImagesSpec } from '../../../shared/domain/steps/images-spec.ts';
import { digestOf } from '../../../shared/wire/digest-of.ts';
import { encode, farrier } from '../../../shared/wire/protocol.ts';
import { decodeSequence, encodeSequence } from '../../../shared/wire/sequence-codec.ts';

const artifact = { sha256: 'ab'.repeat(32), size: 71_303_168 };
const image = { name: 'registry.k8s.io/pause:3.10', id: `sha256:${'cd'.repeat(32)}` };
const archive: ImageArchive = { ...artifact, images: [image] };
const images: ImagesSpec = { kind: 'images', name: 'i', timeoutMs: 60_000, source: { kind: 'containerd', archives: [archive] }, pin: true };
const probe: CriProbeSpec = { kind: 'cri_probe', name: 'p', timeoutMs: 60_000, runtime: 'k3s', handler: 'crun', image, archive: artifact, annotations: [{ key: 'run.oci.handler', value: 'wasm' }], expect: 'hello' };

function refusedField(bytes: Uint8Array): string {
  const decoded = decodeSequence(bytes);
  return decoded.ok ? 'none' : `${decoded.error.code} ${decoded.error.field.replace('steps[0].', '')}`;
}

describe('images that no plan could hold are refused', () => {
  const named = (name: string): ImagesSpec['source'] => ({ kind: 'containerd', archives: [{ ...archive, images: [{ ...image, name }] }] });
  test.each<[string, ImagesSpec['source'], string]>([
    ['no image', { kind: 'docker', images: [] }, 'images'],
    ['no archive', { kind: 'containerd', archives: [] }, 'images'],
    ['an archive without images', { kind: 'containerd', archives: [{ ...archive, images: [] }, archive] }, 'archives[0].images'],
    ['an image twice', { kind: 'containerd', archives: [archive, archive] }, 'images'],
    ['a name without a registry', named('pause:3.10'), 'archives[0].images[0].name'],
    ['a name without a tag', named('registry.k8s.io/pause'), 'archives[0].images[0].name'],
    ['a name that is an option', named('--all.x/a:1'), 'archives[0].images[0].name'],
    ['a name with a blank', named('registry.k8s.io/a b:1'), 'archives[0].images[0].name'],
    ['an option of Docker', { kind: 'docker', images: ['-o'] }, 'dockerImages[0]'],
    ['an ID that is none', { kind: 'containerd', archives: [{ ...archive, images: [{ ...image, id: 'latest' }] }] }, 'archives[0].images[0].id'],
    ['an archive that goes up', { kind: 'k3s', archives: [{ ...archive, fileName: '../a.tar' }] }, 'archives[0].fileName'],
    ['two archives of one name', { kind: 'k3s', archives: [{ ...archive, fileName: 'a.tar' }, { ...archive, images: [{ ...image, name: 'own:5000/a:1' }], fileName: 'a.tar' }] }, 'archives'],
  ])('%s', (_name, source, field) => {
    expect(refusedField(encodeSequence([{ ...images, source }]))).toBe(`invalid-field ${field}`);
  });

  const wire = { archive: artifact, fileName: '', images: [image] };
  test.each([
    ['source', { archives: [wire] }],
    ['archives', { source: 'IMAGE_SOURCE_DOCKER', archives: [wire] }],
    ['dockerImages', { source: 'IMAGE_SOURCE_CONTAINERD', archives: [wire], dockerImages: ['own:5000/a:1'] }],
    ['archives', { source: 'IMAGE_SOURCE_CONTAINERD', archives: [{ ...wire, fileName: 'a.tar' }] }],
    ['archives[0].archive', { source: 'IMAGE_SOURCE_CONTAINERD', archives: [{ images: [image] }] }],
  ] as const)('%s that does not fit the rest', (field, step) => {
    const bytes = encode(farrier.Sequence, { steps: [{ name: 's', timeoutMs: 1, images: { ...step, archives: 'archives' in step ? step.archives.map((one) => ({ ...one, images: [...one.images] })) : [], dockerImages: 'dockerImages' in step ? [...step.dockerImages] : [] } }] });
    expect(refusedField(bytes)).toBe(`invalid-field ${field}`);
  });
});

describe('a probe that no plan could hold is refused', () => {
  test.each<[string, Partial<CriProbeSpec>, string]>([
    ['a handler that is a path', { handler: '../runc' }, 'handler'],
    ['an annotation without a key', { annotations: [{ key: '', value: 'x' }] }, 'annotations[0].key'],
    ['an annotation of two lines', { annotations: [{ key: 'a', value: 'x\ny' }] }, 'annotations[0].value'],
    ['a key twice', { annotations: [{ key: 'a', value: 'x' }, { key: 'a', value: 'y' }] }, 'annotations'],
    ['nothing that is expected: anything would do', { expect: '' }, 'expect'],
    ['an image without an ID', { image: { ...image, id: '' } }, 'image.id'],
    ['an archive without bytes', { archive: { ...artifact, size: 0 } }, 'archive.size'],
  ])('%s', (_name, change, field) => {
    expect(refusedField(encodeSequence([{ ...probe, ...change }]))).toBe(`invalid-field ${field}`);
  });

  test.each([
    ['runtime', { image, expect: 'x' }],
    ['image.name', { runtime: 'CONTAINER_RUNTIME_K3S', expect: 'x' }],
  ] as const)('one whose %s is not said', (field, step) => {
    expect(refusedField(encode(farrier.Sequence, { steps: [{ name: 's', timeoutMs: 1, criProbe: step }] }))).toBe(`invalid-field ${field}`);
  });
});

test('the bytes of these steps never change within a version', () => {
  const steps = [
    images,
    { ...images, name: 'k', source: { kind: 'k3s' as const, archives: [{ ...archive, fileName: 'a.tar' }] }, pin: false },
    { ...images, name: 'd', source: { kind: 'docker' as const, images: [image.name] } },
    probe,
    { ...probe, name: 'q', runtime: 'containerd' as const, handler: '', archive: null, annotations: [] },
  ];
  expect(decodeSequence(encodeSequence(steps))).toEqual({ ok: true, value: steps });
  expect(digestOf(encodeSequence(steps))).toMatchInlineSnapshot(`"460165d60368b073e32ea19796415fb2ae4515ad332973f22f95609cfb542833"`);
});
