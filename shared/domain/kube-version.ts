import { compareReleases, formatRelease, type Release } from './release.ts';

/** A version of Kubernetes or K3s. */
export interface KubeVersion extends Release {
  /** Before the release itself; null for a release. */
  readonly pre: PreRelease | null;
  /** N of `+k3sN`; 0 where it is none of K3s. */
  readonly k3s: number;
}

export interface PreRelease {
  readonly stage: 'alpha' | 'beta' | 'rc';
  readonly number: number;
}

/**
 * Kubernetes tags (`v1.34.0-rc.1`), K3s tags (`v1.34.0-rc.1+k3s2`; image tags have `-k3s2`) and package versions of both
 * families (`1.34.1-1.1`, `1.34.0~rc.1-1.1`, `1.34.1-150500.1.1`).
 */
const KUBE_VERSION = /^v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?:[-~](alpha|beta|rc)\.?(\d{1,4}))?(?:[+-]k3s(\d{1,4})|-\d{1,9}(?:\.\d{1,9}){0,4})?$/;

/** Null where it is none: who cannot say what runs on a host does not upgrade it. A package's revision is left out. */
export function parseKubeVersion(text: string): KubeVersion | null {
  const found = KUBE_VERSION.exec(text);
  if (found === null) return null;
  const [, major, minor, patch, stage, number, k3s] = found;
  const pre = stage === undefined ? null : { stage: stage as PreRelease['stage'], number: Number(number) };
  return { major: Number(major), minor: Number(minor), patch: Number(patch), pre, k3s: Number(k3s ?? 0) };
}

/** As its tag is written: `v1.34.1+k3s1`. */
export function formatKubeVersion(version: KubeVersion): string {
  const { pre, k3s } = version;
  return `v${formatRelease(version)}${pre === null ? '' : `-${pre.stage}.${pre.number}`}${k3s === 0 ? '' : `+k3s${k3s}`}`;
}

const STAGES = ['alpha', 'beta', 'rc'] as const;

/** Below zero where `a` is older. A pre-release comes before its release (semver 2.0.0, clause 11); then K3s' own count. */
export function compareKubeVersions(a: KubeVersion, b: KubeVersion): number {
  return compareReleases(a, b) || stageOf(a) - stageOf(b) || (a.pre?.number ?? 0) - (b.pre?.number ?? 0) || a.k3s - b.k3s;
}

function stageOf({ pre }: KubeVersion): number {
  return pre === null ? STAGES.length : STAGES.indexOf(pre.stage);
}

/** Minors from `from` up to `to`; below zero where `to` is older. Another major is further than any rule allows. */
export function minorDistance(from: Release, to: Release): number {
  return from.major === to.major ? to.minor - from.minor : (to.major - from.major) * Infinity;
}

/** `skip`: more than one minor at once. `back`: within the minor; `back-minor`: past it. */
export type VersionChange = 'none' | 'patch' | 'minor' | 'skip' | 'back' | 'back-minor';

/** What going from one version to the other would be. */
export function changeOf(from: KubeVersion, to: KubeVersion): VersionChange {
  const minors = minorDistance(from, to);
  if (minors > 1) return 'skip';
  if (minors === 1) return 'minor';
  if (minors < 0) return 'back-minor';
  const order = compareKubeVersions(to, from);
  if (order === 0) return 'none';
  return order > 0 ? 'patch' : 'back';
}
