import { IMAGE_ID_PATTERN, IMAGE_NAME_PATTERN, IMAGES_MAX } from '../../domain/step-limits.ts';
import type { PinnedImage } from '../../domain/steps/images-spec.ts';
import { field } from '../field.ts';
import { quote } from '../quote.ts';
import { expected } from '../section.ts';
import { name } from '../text-fields.ts';

const NAME = 'the whole name of an image, with its registry and a tag, as registry.k8s.io/pause:3.10';
const ID = 'the ID of an image, the digest of its configuration, as `crictl images --no-trunc` shows it: sha256:…';
const IMAGES = 'a mapping of whole names of images to their IDs, as `registry.k8s.io/pause:3.10: sha256:…`';

export const imageName = name(IMAGE_NAME_PATTERN, NAME);
export const imageId = name(IMAGE_ID_PATTERN, ID);

/** Sorted by name: the order of keys is nobody's intent. */
export const pinnedImages = field((input, { stop, note }): readonly PinnedImage[] => {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return stop(input === undefined ? 'missing' : 'wrong-type', expected(input, IMAGES));
  const entries = Object.entries(input as Readonly<Record<string, unknown>>);
  if (entries.length === 0) stop('empty', 'names no image; name what the archive holds, each with its ID');
  if (entries.length > IMAGES_MAX) stop('too-many', `names ${entries.length} images; ${IMAGES_MAX} is the limit`);
  for (const [image, id] of entries) {
    if (!IMAGE_NAME_PATTERN.test(image)) note([image], 'bad-name', `${quote(image)} is no ${NAME.slice('the '.length)}`, 'key');
    if (typeof id !== 'string' || !IMAGE_ID_PATTERN.test(id)) note([image], 'bad-name', `is ${quote(id)}; it has to be ${ID}`);
  }
  return entries.map(([image, id]) => ({ name: image, id: String(id) })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
});
