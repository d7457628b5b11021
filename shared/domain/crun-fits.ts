import { compareReleases, parseRelease, type Release } from './release.ts';

/** containerd asks runtimes for OCI runtime-spec 1.2, and the first crun that knows it: https://github.com/containers/crun/pull/1431. */
const CONTAINERD_ASKS = { major: 1, minor: 7, patch: 24 };
export const CRUN_KNOWS = '1.14.3';

/** Whether this crun starts containers for this containerd. A version that says nothing is taken for an old crun, and for an old containerd. */
export function crunFits(crun: string, containerd: string): boolean {
  return !asksForNewCrun(containerd) || isAtLeast(crun, parseRelease(CRUN_KNOWS));
}

export function asksForNewCrun(containerd: string): boolean {
  return isAtLeast(containerd, CONTAINERD_ASKS);
}

function isAtLeast(version: string, oldest: Release | null): boolean {
  const release = parseRelease(version);
  return release !== null && oldest !== null && compareReleases(release, oldest) >= 0;
}
