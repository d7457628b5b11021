import { Damage } from './damage.ts';
import { PAGE_HEADER_BYTES, type Pages } from './pages.ts';
import { readU64 } from './read-u64.ts';

const COUNT_FOLLOWS = 0xffff;

/**
 * Marks what the list of free pages names. It is read before anything else, so that a free page that something points at
 * is seen when it is reached.
 *
 * @throws {Damage}
 */
export function readFreelist(pages: Pages, id: number): void {
  const { bytes, count } = pages.take(id, ['freelist']);
  // Longer lists than 16 bits can count begin with their length.
  const extended = count === COUNT_FOLLOWS;
  const from = PAGE_HEADER_BYTES + (extended ? 8 : 0);
  const length = extended ? readU64(bytes, PAGE_HEADER_BYTES) : count;
  if (from + length * 8 > bytes.byteLength) throw new Damage('page-layout', id, `lists ${length} free pages in ${bytes.byteLength} bytes`);
  for (let index = 0; index < length; index += 1) pages.free(readU64(bytes, from + index * 8), id);
}
