import type { HostFacts } from '../../domain/host-facts.ts';
import { compareReleases, formatRelease, parseRelease } from '../../domain/release.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { error, isFrom, willRun } from './rule.ts';

const OLDEST = { major: 2, minor: 2, patch: 0 };

/** https://github.com/containerd/containerd/blob/main/RELEASES.md: what Kubernetes 1.36 runs on. K3s brings its own. */
export function containerdTooOld(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  if (target.kind !== 'kubelet' || !isFrom(target.version, 1, 36)) return [];
  const will = willRun('containerd', facts, target);
  // A host of another runtime.
  if (will === null) return [];
  const release = parseRelease(will);
  if (release !== null && compareReleases(release, OLDEST) >= 0) return [];
  return [error('containerd-too-old', 'containerd', `containerd ${will} does not serve a kubelet from 1.36 on, which needs ${formatRelease(OLDEST)} or newer: upgrade containerd first`)];
}
