import { ANNOTATION_KEY_PATTERN, ANNOTATIONS_MAX, LINE_PATTERN, RUNTIME_HANDLER_PATTERN } from '../../domain/step-limits.ts';
import type { CriProbeSpec } from '../../domain/steps/cri-probe-spec.ts';
import { artifactFromWire } from './artifact-codec.ts';
import { pinnedImageFromWire } from './images-codec.ts';
import type { StepCodec } from './step-codec.ts';

const RUNTIMES: Readonly<Record<string, CriProbeSpec['runtime']>> = { CONTAINER_RUNTIME_CONTAINERD: 'containerd', CONTAINER_RUNTIME_K3S: 'k3s' };

export const criProbeCodec: StepCodec<CriProbeSpec> = {
  toWire: ({ runtime, handler, image, archive, annotations, expect }) => ({
    criProbe: {
      runtime: runtime === 'containerd' ? 'CONTAINER_RUNTIME_CONTAINERD' : 'CONTAINER_RUNTIME_K3S',
      ...{ handler, expect },
      image: { ...image },
      archive: archive === null ? null : { ...archive },
      annotations: annotations.map((annotation) => ({ ...annotation })),
    },
  }),

  fromWire(base, { criProbe: step }, at, check) {
    if (!step) return null;
    const runtime = RUNTIMES[step.runtime as string];
    check.that(runtime !== undefined, `${at}.runtime`, `is ${step.runtime}, which this version does not know`);
    if (step.handler !== '') check.text(step.handler, `${at}.handler`, RUNTIME_HANDLER_PATTERN);
    check.count(step.annotations.length, `${at}.annotations`, { max: ANNOTATIONS_MAX });
    for (const [index, { key, value }] of step.annotations.entries()) {
      check.text(key, `${at}.annotations[${index}].key`, ANNOTATION_KEY_PATTERN);
      check.text(value, `${at}.annotations[${index}].value`, LINE_PATTERN);
    }
    check.that(new Set(step.annotations.map(({ key }) => key)).size === step.annotations.length, `${at}.annotations`, 'has a key twice');
    check.text(step.expect, `${at}.expect`, LINE_PATTERN);
    return {
      kind: 'cri_probe',
      ...base,
      ...{ runtime: runtime ?? 'containerd', handler: step.handler, annotations: step.annotations, expect: step.expect },
      image: pinnedImageFromWire(step.image, `${at}.image`, check),
      archive: step.archive === null ? null : artifactFromWire(step.archive, `${at}.archive`, check),
    };
  },
};
