import { DISK_PATHS, type DiskPath, type HostFacts } from '../../domain/host-facts.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { error } from './rule.ts';

/** What comes lies beside what is there until the upgrade is proved. */
const FACTOR = 2;

/** At least twice what will be downloaded or kept must be free where it goes. */
export function diskTooSmall({ freeBytes }: HostFacts, target: PreflightTarget): readonly Finding[] {
  if (target.kind === 'kubelet') return [];
  const needs = new Map<DiskPath, number>();
  for (const path of DISK_PATHS) {
    const place = placeOf(path, freeBytes);
    const bytes = target.needBytes[path] ?? 0;
    if (bytes > 0) needs.set(place, (needs.get(place) ?? 0) + bytes);
  }
  return [...needs].flatMap(([path, bytes]) => {
    const free = freeBytes[path] ?? 0;
    if (free >= FACTOR * bytes) return [];
    return [error('disk-too-small', path, `${path} has ${mebibytes(free)} free, and ${mebibytes(bytes)} will come there, of which ${FACTOR} times as much has to be free: make room for ${mebibytes(FACTOR * bytes - free)}`)];
  });
}

/** Where a folder that is not there yet will be made. */
function placeOf(path: DiskPath, freeBytes: HostFacts['freeBytes']): DiskPath {
  const above = DISK_PATHS.filter((each) => each === path || path.startsWith(`${each}/`)).toSorted((a, b) => b.length - a.length);
  return above.find((each) => freeBytes[each] !== undefined) ?? '/';
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
