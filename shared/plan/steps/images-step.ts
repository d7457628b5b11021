import type { z } from 'zod';

import { IMAGE_ARCHIVES_MAX, IMAGES_MAX, IMAGES_NAME_PATTERN } from '../../domain/step-limits.ts';
import type { ImageSource, ImagesSpec } from '../../domain/steps/images-spec.ts';
import { entryOf, hasOnly, itemsOf } from '../loose.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { quote } from '../quote.ts';
import { list, section } from '../section.ts';
import { choice, name } from '../text-fields.ts';
import { truth } from '../truth-field.ts';
import { artifactFields } from './artifact-fields.ts';
import { imageName, pinnedImages } from './image-fields.ts';
import { stepTimeout } from './step-timeout.ts';

const fileName = name(IMAGES_NAME_PATTERN, 'the name of an archive that K3s imports, as site-images.tar.zst');
const archive = section({ ...artifactFields, file: fileName.optional(), images: pinnedImages });

/** Archives or Docker's images: checked apart. */
export const imagesSection = section({
  into: choice(['containerd', 'k3s']).default('containerd'),
  archives: list(archive, 'archives of images', { min: 1, max: IMAGE_ARCHIVES_MAX }).optional(),
  fromDocker: list(imageName, 'images of Docker', { min: 1, max: IMAGES_MAX }).optional(),
  pin: truth().default(false),
  timeout: stepTimeout.default(1_800_000),
});

export function compileImages(written: z.infer<typeof imagesSection>, nameIt: (wanted: string) => string): ImagesSpec {
  return { kind: 'images', name: nameIt('images'), timeoutMs: written.timeout, source: sourceOf(written), pin: written.pin };
}

function sourceOf({ into, archives = [], fromDocker }: z.infer<typeof imagesSection>): ImageSource {
  if (fromDocker !== undefined) return { kind: 'docker', images: fromDocker };
  if (into === 'k3s') return { kind: 'k3s', archives: archives.map(({ file = '', ...own }) => ({ ...own, fileName: file })) };
  return { kind: 'containerd', archives: archives.map(({ sha256, size, images }) => ({ sha256, size, images })) };
}

export function checkImages(written: unknown, at: PropertyPath): readonly Problem[] {
  const archives = itemsOf(entryOf(written, 'archives'));
  const intoK3s = entryOf(written, 'into') === 'k3s';
  const docker = entryOf(written, 'fromDocker');
  const found: Problem[] = [];
  const says = (key: string): boolean => entryOf(written, key) !== undefined;
  if (docker !== undefined && says('archives')) found.push(problem([...at, 'fromDocker'], 'conflict', 'stands beside archives; make them two steps, so that each can be reverted by itself', 'key'));
  if (docker !== undefined && intoK3s) found.push(problem([...at, 'fromDocker'], 'conflict', 'goes into containerd; K3s takes archives: write them with `docker save` and name them here', 'key'));
  if (docker === undefined && !says('archives') && typeof written === 'object' && written !== null && hasOnly(written, ['into', 'pin', 'timeout'])) found.push(problem(at, 'missing', 'names no image; write archives, or fromDocker'));
  if (intoK3s && entryOf(written, 'pin') === true) found.push(problem([...at, 'pin'], 'conflict', 'is for containerd; K3s pins what it imports by itself: take it out'));
  for (const [index, one] of archives.entries()) {
    const file = entryOf(one, 'file');
    if (intoK3s && file === undefined) found.push(problem([...at, 'archives', index], 'missing', 'has no file; say what the archive is called in K3s’ folder of images'));
    if (!intoK3s && file !== undefined) found.push(problem([...at, 'archives', index, 'file'], 'conflict', 'is for K3s; add into: k3s, or take it out', 'key'));
  }
  return [...found, ...twice(archives.map((one) => entryOf(one, 'file')), (index) => [...at, 'archives', index, 'file']), ...twiceNamed(archives, itemsOf(docker), at)];
}

/** An image comes from one place. */
function twiceNamed(archives: readonly unknown[], docker: readonly unknown[], at: PropertyPath): readonly Problem[] {
  const named = archives.flatMap((one, index) => Object.keys(entryOf(one, 'images') ?? {}).map((image) => ({ image, path: [...at, 'archives', index, 'images', image] })));
  return [...twice(named.map(({ image }) => image), (index) => named[index]?.path ?? at), ...twice(docker, (index) => [...at, 'fromDocker', index])];
}

function twice(values: readonly unknown[], pathOf: (index: number) => PropertyPath): readonly Problem[] {
  return values.flatMap((value, index) => (typeof value === 'string' && values.indexOf(value) !== index ? [problem(pathOf(index), 'duplicate-name', `${quote(value)} stands in this step already; keep one of them`)] : []));
}
