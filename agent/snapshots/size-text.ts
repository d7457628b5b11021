import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';
import { megabytes } from './megabytes.ts';

export function sizeText({ plain, sealed }: SnapshotRecord): string {
  return sealed === null ? `${megabytes(plain.sizeBytes)}, not sealed` : `${megabytes(plain.sizeBytes)}, sealed in ${megabytes(sealed.sizeBytes)}`;
}
