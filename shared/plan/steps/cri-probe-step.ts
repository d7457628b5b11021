import type { z } from 'zod';

import { ANNOTATION_KEY_PATTERN, ANNOTATIONS_MAX, LINE_PATTERN } from '../../domain/step-limits.ts';
import type { CriProbeSpec, PodAnnotation } from '../../domain/steps/cri-probe-spec.ts';
import { field } from '../field.ts';
import { quote } from '../quote.ts';
import { expected, section } from '../section.ts';
import { choice, name } from '../text-fields.ts';
import { artifactFields } from './artifact-fields.ts';
import { runtimeName } from './containerd-step.ts';
import { imageId, imageName } from './image-fields.ts';
import { stepTimeout } from './step-timeout.ts';

const ANNOTATIONS = 'a mapping of annotations to text, as `module.wasm.image/variant: compat-smart`';

/** Sorted by key: the order of keys is nobody's intent. */
const annotations = field((input, { stop, note }): readonly PodAnnotation[] => {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return stop('wrong-type', expected(input, ANNOTATIONS));
  const entries = Object.entries(input as Readonly<Record<string, unknown>>);
  if (entries.length > ANNOTATIONS_MAX) stop('too-many', `has ${entries.length} annotations; ${ANNOTATIONS_MAX} is the limit`);
  for (const [key, value] of entries) {
    if (!ANNOTATION_KEY_PATTERN.test(key)) note([key], 'bad-name', `${quote(key)} is no key of an annotation`, 'key');
    if (typeof value !== 'string' || !LINE_PATTERN.test(value)) note([key], 'wrong-type', `is ${quote(value)}; it has to be one line of text: put it in quotes`);
  }
  return entries.map(([key, value]) => ({ key, value: String(value) })).toSorted((a, b) => (a.key < b.key ? -1 : 1));
});

export const criProbeSection = section({
  runtime: choice(['containerd', 'k3s']).default('containerd'),
  handler: runtimeName.optional(),
  image: imageName,
  id: imageId,
  archive: section(artifactFields).optional(),
  annotations: annotations.default([]),
  expect: name(LINE_PATTERN, 'what the container has to write, one line of it'),
  timeout: stepTimeout.default(180_000),
});

export function compileCriProbe({ runtime, handler = '', image, id, archive, annotations: given, expect, timeout }: z.infer<typeof criProbeSection>, nameIt: (wanted: string) => string): CriProbeSpec {
  const what = handler === '' ? 'probe-runtime' : `probe-${handler}`;
  return { kind: 'cri_probe', name: nameIt(what), timeoutMs: timeout, runtime, handler, image: { name: image, id }, archive: archive ?? null, annotations: given, expect };
}
