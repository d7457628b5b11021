import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { ImageArchive, PinnedImage } from '../../../shared/domain/steps/images-spec.ts';
import type { Artifacts } from '../../ports/artifacts.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';
import { readArchive } from './read-archive.ts';

/** For what is written beside the images meanwhile. */
const SLACK_BYTES = 16 * 1024 * 1024;
/** Kept as it comes, and unpacked by whoever runs it; layers are compressed to about a third. */
const TIMES_ARCHIVE = 4;

export interface ArchiveOrder {
  readonly archives: readonly ImageArchive[];
  /** Where a runtime keeps its images; the nearest folder above it that is there counts. */
  readonly keptIn: string;
}

/** Brings archives here and proves that they hold what the plan says and nothing else: what an archive names is what a host gets. */
export async function stageArchives({ archives, keptIn }: ArchiveOrder, artifacts: Artifacts, context: StepContext): Promise<StepResult> {
  for (const archive of archives) {
    const fetched = await artifacts.fetch({ sha256: archive.sha256, size: archive.size }, fetchedFolder(context), context.signal);
    if (!fetched.ok) return fetched;
    const wrong = await whatIsWrong(fetched.path, archive.images, context.signal);
    if (wrong !== '') return stepFailure('image-mismatch', `archive ${archive.sha256} ${wrong}`, archive.sha256);
  }
  return hasRoom(TIMES_ARCHIVE * archives.reduce((sum, { size }) => sum + size, 0), keptIn);
}

export function fetchedFolder({ folder }: Pick<StepContext, 'folder'>): string {
  return join(folder, 'fetched');
}

async function whatIsWrong(path: string, wanted: readonly PinnedImage[], signal: AbortSignal): Promise<string> {
  let held: readonly PinnedImage[];
  try {
    held = await readArchive(path, signal);
  } catch (error) {
    signal.throwIfAborted();
    return `cannot be read as an archive of images: ${error instanceof Error ? error.message : String(error)}`;
  }
  const missing = wanted.find(({ name }) => held.every((image) => image.name !== name));
  if (missing !== undefined) return `does not hold ${missing.name}; it holds ${held.map(({ name }) => name).join(', ') || 'no image with a name'}`;
  const extra = held.find(({ name }) => wanted.every((image) => image.name !== name));
  if (extra !== undefined) return `holds ${extra.name} too; name it in the plan, or take it out of the archive`;
  const other = wanted.find(({ name, id }) => held.some((image) => image.name === name && image.id !== id));
  if (other === undefined) return '';
  const found = held.find(({ name }) => name === other.name)?.id ?? '';
  return found === '' ? `has no ${other.name} for this host's platform` : `holds ${other.name} as ${found}, the plan says ${other.id}`;
}

/** @param bytes of what is to come, packed and unpacked */
export async function hasRoom(bytes: number, keptIn: string): Promise<StepResult> {
  const neededBytes = SLACK_BYTES + bytes;
  const { place, freeBytes } = await freeUnder(keptIn);
  return freeBytes >= neededBytes ? STEP_OK : stepFailure('disk-full', `${neededBytes} bytes must be free under ${place}, ${freeBytes} are; free space and start again`, place);
}

async function freeUnder(folder: string): Promise<{ readonly place: string; readonly freeBytes: number }> {
  const disk = await statfs(folder).catch(() => null);
  if (disk === null && folder !== dirname(folder)) return freeUnder(dirname(folder));
  return { place: folder, freeBytes: disk === null ? 0 : disk.bavail * disk.bsize };
}
