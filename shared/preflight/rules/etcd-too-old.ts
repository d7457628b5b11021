import type { HostFacts } from '../../domain/host-facts.ts';
import { compareReleases, formatRelease } from '../../domain/release.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { etcdMinorOf, membersTouched } from './etcd-minor.ts';
import { error } from './rule.ts';

/** By the minor that comes: the oldest release from which every member may go there. */
const OLDEST: Readonly<Record<number, { readonly major: number; readonly minor: number; readonly patch: number }>> = {
  // https://github.com/etcd-io/website/blob/main/content/en/docs/v3.6/upgrades/upgrade_3_6.md
  6: { major: 3, minor: 5, patch: 32 },
  // https://github.com/etcd-io/website/blob/main/content/en/docs/v3.7/upgrades/upgrade_3_7.md
  7: { major: 3, minor: 6, patch: 11 },
};

/** etcd goes one minor at a time, and from late patches only: earlier ones lose or resurrect members. */
export function etcdTooOld(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  const minor = etcdMinorOf(target.version);
  const oldest = OLDEST[minor ?? 0];
  if (minor === null || oldest === undefined) return [];
  return membersTouched(facts, target).flatMap(({ node, etcd, release }) => {
    if (release !== null && compareReleases(release, oldest) >= 0) return [];
    const is = release === null ? `of an unknown version (${etcd.version ?? 'its manifest names none'})` : formatRelease(release);
    return [error('etcd-too-old', node, `etcd of ${node} is ${is}, and this upgrade brings etcd 3.${minor}: upgrade every member to ${formatRelease(oldest)} or newer first`)];
  });
}
