import type { Share } from './plan.ts';

/** @returns how many of `total` nodes the share allows: percentages round down, but never to nothing. */
export function resolveShare(share: Share, total: number): number {
  if (share.unit === 'nodes') return share.value;
  return Math.max(1, Math.floor((total * share.value) / 100));
}
