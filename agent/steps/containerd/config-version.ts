import { compareReleases, type Release } from '../../../shared/domain/release.ts';
import type { TomlTree } from '../../toml/toml-file.ts';

/** Of the format: what stands under `version` in a file, and what names its plugins have. */
export type ConfigVersion = 1 | 2 | 3 | 4;

const FORMAT_FOUR = { major: 2, minor: 3, patch: 0 };
const OLDEST = { major: 1, minor: 6, patch: 0 };

/** A file that says nothing is of the first. @returns null for one that no containerd knows. */
export function configVersionOf({ version = 1 }: TomlTree): ConfigVersion | null {
  return version === 1 || version === 2 || version === 3 || version === 4 ? version : null;
}

/** https://github.com/containerd/containerd/blob/main/docs/cri/config.md. 1.6 takes newer ones without a word and uses nothing in them. */
export function newestRead(release: Release): ConfigVersion {
  if (release.major < 2) return 2;
  return compareReleases(release, FORMAT_FOUR) < 0 ? 3 : 4;
}

export function isSupported(release: Release): boolean {
  return compareReleases(release, OLDEST) >= 0;
}

/**
 * What a new file gets: the newest that all of them read, but 4, which nothing of ours needs and 2.2 could not go back to.
 *
 * A file that is there keeps its version. containerd 2 reads version 2 and moves everything in memory, at each start, so that
 * a host that goes back to 1.7 finds a file that it reads. Only version 1 is raised, and only to 2: see `raise-version.ts`.
 */
export function versionOfNew(releases: readonly Release[]): ConfigVersion {
  return releases.some((release) => newestRead(release) < 3) ? 2 : 3;
}
