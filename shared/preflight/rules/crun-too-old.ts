import type { HostFacts } from '../../domain/host-facts.ts';
import { compareReleases, parseRelease, type Release } from '../../domain/release.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { error, warning, willRun } from './rule.ts';

/** Asks runtimes for OCI runtime-spec 1.2, and the first crun that knows it: https://github.com/containers/crun/pull/1431. */
const CONTAINERD_ASKS = { major: 1, minor: 7, patch: 24 };
const CRUN_KNOWS = { major: 1, minor: 14, patch: 3 };

/** An error where this upgrade brings the two together; where they stand together already, crun may be there for something else. */
export function crunTooOld(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  if (target.kind !== 'kubelet') return [];
  const crun = willRun('crun', facts, target);
  const containerd = willRun('containerd', facts, target);
  if (crun === null || containerd === null || isAtLeast(crun, CRUN_KNOWS) || !isAtLeast(containerd, CONTAINERD_ASKS)) return [];
  const { runtimes } = facts;
  const finding = runtimes.containerd !== null && isAtLeast(runtimes.containerd, CONTAINERD_ASKS) ? warning : error;
  return [finding('crun-too-old', 'crun', `crun ${crun} starts no container for containerd ${containerd} ("unknown version specified"): upgrade crun to 1.14.3 or newer first`)];
}

function isAtLeast(version: string, oldest: Release): boolean {
  const release = parseRelease(version);
  return release !== null && compareReleases(release, oldest) >= 0;
}
