import { IMAGE_ARCHIVES_MAX, IMAGE_ID_PATTERN, IMAGE_NAME_PATTERN, IMAGES_MAX, IMAGES_NAME_PATTERN } from '../../domain/step-limits.ts';
import type { ImageArchive, ImageSource, ImagesSpec, PinnedImage } from '../../domain/steps/images-spec.ts';
import type { FieldCheck } from '../field-check.ts';
import type { ImageArchive__Output } from '../generated/farrier/v1/ImageArchive.d.ts';
import type { PinnedImage__Output } from '../generated/farrier/v1/PinnedImage.d.ts';
import { artifactFromWire } from './artifact-codec.ts';
import type { StepCodec } from './step-codec.ts';

const SOURCES = { containerd: 'IMAGE_SOURCE_CONTAINERD', k3s: 'IMAGE_SOURCE_K3S', docker: 'IMAGE_SOURCE_DOCKER' } as const;

export const imagesCodec: StepCodec<ImagesSpec> = {
  toWire: ({ source, pin }) => ({
    images: {
      source: SOURCES[source.kind],
      archives: source.kind === 'docker' ? [] : source.archives.map(archiveToWire),
      dockerImages: source.kind === 'docker' ? [...source.images] : [],
      pin,
    },
  }),

  fromWire(base, { images: step }, at, check) {
    if (!step) return null;
    check.count(step.archives.length, `${at}.archives`, { max: IMAGE_ARCHIVES_MAX });
    check.count(step.dockerImages.length, `${at}.dockerImages`, { max: IMAGES_MAX });
    const names = [...step.dockerImages, ...step.archives.flatMap(({ images }) => images.map(({ name }) => name))];
    check.count(names.length, `${at}.images`, { min: 1, max: IMAGES_MAX });
    check.that(new Set(names).size === names.length, `${at}.images`, 'names an image twice');
    return { kind: 'images', ...base, source: sourceFromWire(step, at, check), pin: step.pin };
  },
};

interface WireSource {
  readonly source: unknown;
  readonly archives: readonly ImageArchive__Output[];
  readonly dockerImages: readonly string[];
}

function sourceFromWire({ source, archives, dockerImages }: WireSource, at: string, check: FieldCheck): ImageSource {
  const fromDocker = source === SOURCES.docker;
  check.that(fromDocker || source === SOURCES.containerd || source === SOURCES.k3s, `${at}.source`, `is ${String(source)}, which this version does not know`);
  check.that(!fromDocker || archives.length === 0, `${at}.archives`, 'stand beside images of Docker');
  check.that(fromDocker || dockerImages.length === 0, `${at}.dockerImages`, 'stand beside archives');
  if (fromDocker) {
    for (const [index, name] of dockerImages.entries()) check.text(name, `${at}.dockerImages[${index}]`, IMAGE_NAME_PATTERN);
    return { kind: 'docker', images: dockerImages };
  }
  const read = archives.map((archive, index) => ({ ...archiveFromWire(archive, `${at}.archives[${index}]`, check), fileName: archive.fileName }));
  if (source === SOURCES.k3s) {
    for (const [index, { fileName }] of read.entries()) check.text(fileName, `${at}.archives[${index}].fileName`, IMAGES_NAME_PATTERN);
    check.that(new Set(read.map(({ fileName }) => fileName)).size === read.length, `${at}.archives`, 'two archives have the same file name');
    return { kind: 'k3s', archives: read };
  }
  check.that(read.every(({ fileName }) => fileName === ''), `${at}.archives`, 'names a file of K3s, and is none of K3s');
  return { kind: 'containerd', archives: read.map(({ fileName: _none, ...archive }) => archive) };
}

function archiveToWire({ sha256, size, images, ...own }: ImageArchive & { readonly fileName?: string }): { archive: { sha256: string; size: number }; fileName: string; images: PinnedImage[] } {
  return { archive: { sha256, size }, fileName: own.fileName ?? '', images: images.map((image) => ({ ...image })) };
}

function archiveFromWire({ archive, images }: ImageArchive__Output, at: string, check: FieldCheck): ImageArchive {
  check.count(images.length, `${at}.images`, { min: 1, max: IMAGES_MAX });
  return { ...artifactFromWire(archive, `${at}.archive`, check), images: images.map((image, index) => pinnedImageFromWire(image, `${at}.images[${index}]`, check)) };
}

export function pinnedImageFromWire(image: PinnedImage__Output | null, at: string, check: FieldCheck): PinnedImage {
  const { name, id } = image ?? { name: '', id: '' };
  check.text(name, `${at}.name`, IMAGE_NAME_PATTERN);
  check.text(id, `${at}.id`, IMAGE_ID_PATTERN);
  return { name, id };
}
