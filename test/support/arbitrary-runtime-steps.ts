import fc from 'fast-check';

import type { CriProbeSpec } from '../../shared/domain/steps/cri-probe-spec.ts';
import type { ImagesSpec, PinnedImage } from '../../shared/domain/steps/images-spec.ts';

const hex = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });
const word = fc.string({ unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz0123456789'), minLength: 2, maxLength: 12 });
const artifact = fc.record({ sha256: hex, size: fc.integer({ min: 1, max: 2 ** 33 }) });
const image: fc.Arbitrary<PinnedImage> = fc.record({ name: fc.tuple(fc.constantFrom('registry.k8s.io', 'localhost', 'own:5000'), word, word).map(([host, path, tag]) => `${host}/${path}:${tag}`), id: hex.map((digest) => `sha256:${digest}`) });
/** As a plan sorts them. */
const inOrder = (images: readonly PinnedImage[]): readonly PinnedImage[] => images.toSorted((a, b) => (a.name < b.name ? -1 : 1));
const named = fc.uniqueArray(image, { minLength: 1, maxLength: 4, selector: ({ name }) => name });

const images: fc.Arbitrary<Omit<ImagesSpec, 'name' | 'timeoutMs'>> = fc.oneof(
  fc.record({ kind: fc.constant('images'), source: fc.tuple(artifact, named).map(([ref, all]) => ({ kind: 'containerd' as const, archives: [{ ...ref, images: inOrder(all) }] })), pin: fc.boolean() }),
  fc.record({ kind: fc.constant('images'), source: fc.tuple(artifact, named, word).map(([ref, all, file]) => ({ kind: 'k3s' as const, archives: [{ ...ref, images: inOrder(all), fileName: `${file}.tar` }] })), pin: fc.constant(false) }),
  fc.record({ kind: fc.constant('images'), source: named.map((all) => ({ kind: 'docker' as const, images: all.map(({ name }) => name) })), pin: fc.boolean() }),
);

const criProbe: fc.Arbitrary<Omit<CriProbeSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('cri_probe'),
  runtime: fc.constantFrom('containerd', 'k3s'),
  handler: fc.oneof(fc.constant(''), word),
  image,
  archive: fc.option(artifact, { nil: null }),
  annotations: fc.uniqueArray(fc.record({ key: word.map((key) => `example.org/${key}`), value: fc.constantFrom('compat-smart', 'a b: "ü"') }), { maxLength: 3, selector: ({ key }) => key }).map((all) => all.toSorted((a, b) => (a.key < b.key ? -1 : 1))),
  expect: fc.constantFrom('hello', 'it says "yes"'),
});

/** Steps of container runtimes, without what all steps have. */
export const arbitraryRuntimeSteps = [images, criProbe] as const;
