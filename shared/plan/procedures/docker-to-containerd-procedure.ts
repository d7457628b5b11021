import type { z } from 'zod';

import type { DockerToContainerd } from '../../domain/procedure.ts';
import { IMAGES_MAX } from '../../domain/step-limits.ts';
import { entryOf, itemsOf } from '../loose.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { quote } from '../quote.ts';
import { list, section } from '../section.ts';
import { containerdSection } from '../steps/containerd-step.ts';
import { criProbeSection } from '../steps/cri-probe-step.ts';
import { imageName } from '../steps/image-fields.ts';
import { truth } from '../truth-field.ts';

const { image, id, expect, archive } = criProbeSection.shape;

export const dockerToContainerdProcedure = section({
  images: list(imageName, 'images of Docker', { min: 0, max: IMAGES_MAX }).default([]),
  // kubeadm's own default since 1.22, for the kubelet.
  systemdCgroup: truth().default(true),
  sandboxImage: containerdSection.shape.sandboxImage,
  probe: section({ image, id, expect, archive }).optional(),
});

/** Sorted: the order of images is nobody's intent. */
export function compileDockerToContainerd({ images, systemdCgroup, sandboxImage, probe }: z.infer<typeof dockerToContainerdProcedure>): DockerToContainerd {
  return {
    ...{ kind: 'docker-to-containerd', images: images.toSorted(), systemdCgroup, sandboxImage: sandboxImage ?? null },
    probe: probe === undefined ? null : { image: { name: probe.image, id: probe.id }, expect: probe.expect, archive: probe.archive ?? null },
  };
}

export function checkDockerToContainerd(written: unknown, path: PropertyPath): readonly Problem[] {
  const images = itemsOf(entryOf(written, 'images'));
  return images.flatMap((one, index) => (typeof one === 'string' && images.indexOf(one) < index ? [problem([...path, 'images', index], 'duplicate-name', `${quote(one)} stands here already; keep one of them`)] : []));
}
