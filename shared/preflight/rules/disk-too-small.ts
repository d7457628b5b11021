import { DISK_PATHS, type DiskPath, type HostFacts } from '../../domain/host-facts.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { error } from './rule.ts';

/** What comes lies beside what is there until the upgrade is proved. */
const FACTOR = 2;

/** At least twice what will be downloaded or kept must be free where it goes. */
export function diskTooSmall({ freeBytes }: HostFacts, target: PreflightTarget): readonly Finding[] {
  if (target.kind === 'kubelet') return [];
  // Folders that report the same room lie on one disk; the fail direction is to think so.
  const needs = new Map<number, { readonly path: DiskPath; readonly bytes: number }>();
  for (const path of DISK_PATHS) {
    const bytes = target.needBytes[path] ?? 0;
    if (bytes === 0) continue;
    const place = placeOf(path, freeBytes);
    const free = freeBytes[place] ?? 0;
    const before = needs.get(free);
    needs.set(free, { path: before?.path ?? place, bytes: (before?.bytes ?? 0) + bytes });
  }
  return [...needs].flatMap(([free, { path, bytes }]) => {
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
