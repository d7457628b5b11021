import { oldestBefore } from '../../domain/etcd-releases.ts';
import type { HostFacts } from '../../domain/host-facts.ts';
import { compareReleases, formatRelease } from '../../domain/release.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { etcdMinorOf, membersTouched } from './etcd-minor.ts';
import { error } from './rule.ts';

/** etcd goes one minor at a time, and from late patches only: earlier ones lose or resurrect members. */
export function etcdTooOld(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  const minor = etcdMinorOf(target.version);
  const oldest = oldestBefore(minor ?? 0);
  if (minor === null || oldest === null) return [];
  return membersTouched(facts, target).flatMap(({ node, etcd, release }) => {
    if (release !== null && compareReleases(release, oldest) >= 0) return [];
    const is = release === null ? `of an unknown version (${etcd.version ?? 'its manifest names none'})` : formatRelease(release);
    return [error('etcd-too-old', node, `etcd of ${node} is ${is}, and this upgrade brings etcd 3.${minor}: upgrade every member to ${formatRelease(oldest)} or newer first`)];
  });
}
