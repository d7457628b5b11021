/** The numbers of a release: `3.5.32`, `2.2.0`. What packages add around them says who built it, not what it is. */
export interface Release {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Debian's epoch before it, and anything but a further digit or dot after it. */
const RELEASE = /^(?:\d{1,9}:)?v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(?![\d.])/;

/** `1.7.24~ds1-6+b4`, `v2.2.0`, `1:1.9`: the release in it; a missing patch is 0. Null where there is none. */
export function parseRelease(text: string): Release | null {
  const found = RELEASE.exec(text);
  return found === null ? null : { major: Number(found[1]), minor: Number(found[2]), patch: Number(found[3] ?? 0) };
}

/** Below zero where `a` is older. */
export function compareReleases(a: Release, b: Release): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch;
}

export function formatRelease({ major, minor, patch }: Release): string {
  return `${major}.${minor}.${patch}`;
}
