import { compareReleases, formatRelease, parseRelease, type Release } from './release.ts';

/** By the minor that comes: the oldest release from which every member may go there. Earlier ones lose or resurrect members. */
const OLDEST_BEFORE: Readonly<Record<number, Release>> = {
  // https://github.com/etcd-io/website/blob/main/content/en/docs/v3.6/upgrades/upgrade_3_6.md
  6: { major: 3, minor: 5, patch: 32 },
  // https://github.com/etcd-io/website/blob/main/content/en/docs/v3.7/upgrades/upgrade_3_7.md
  7: { major: 3, minor: 6, patch: 11 },
};

/** Null where every release of the minor before it may go there. */
export function oldestBefore(minor: number): Release | null {
  return OLDEST_BEFORE[minor] ?? null;
}

export interface MemberVersion {
  readonly name: string;
  /** Null where nobody knows it. */
  readonly version: string | null;
}

/**
 * I4: why a cluster of these members may not be brought to that version, one member after another; '' where it may. The new
 * version may run on some of them already.
 */
export function refuseEtcdVersion(members: readonly MemberVersion[], to: Release): string {
  const oldest = oldestBefore(to.minor);
  for (const { name, version } of members) {
    const from = parseRelease(version ?? '');
    if (from === null) return `nobody knows which version ${name} runs`;
    const runs = `${name} runs etcd ${formatRelease(from)}`;
    if (from.major !== to.major) return `${runs}; to ${formatRelease(to)} nothing leads but a new cluster`;
    if (from.minor > to.minor) return `${runs}, which is newer than ${formatRelease(to)}; etcd goes back by a minor only with \`etcdctl downgrade\``;
    if (from.minor < to.minor - 1) return `${runs}; etcd goes one minor at a time: bring every member to 3.${from.minor + 1} first`;
    if (from.minor < to.minor && oldest !== null && compareReleases(from, oldest) < 0) return `${runs}; to 3.${to.minor} every member goes from ${formatRelease(oldest)} or newer: upgrade it to that first`;
  }
  return '';
}

/** A setting of etcd's that a new minor does not know any more, or no longer takes with that value. */
interface RemovedSetting {
  readonly minor: number;
  readonly name: RegExp;
  readonly value?: RegExp;
  readonly remedy: string;
}

/**
 * With such a flag the new version does not start; from a file or the environment it takes none of it, and does other than it
 * was told. Sources: the upgrade guides and change logs of these minors.
 */
const REMOVED: readonly RemovedSetting[] = [
  { minor: 5, name: /^debug$/, remedy: 'write log-level: debug' },
  { minor: 5, name: /^log-output$/, remedy: 'write log-outputs' },
  { minor: 5, name: /^log-package-levels$/, remedy: 'take it out' },
  { minor: 5, name: /^logger$/, value: /^capnslog$/, remedy: 'write logger: zap' },
  { minor: 6, name: /^enable-v2$/, remedy: 'take it out; what was written through v2 has to be brought to v3 before' },
  { minor: 6, name: /^experimental-enable-v2v3$/, remedy: 'take it out' },
  { minor: 6, name: /^proxy(?:-|$)/, remedy: 'take it out; a proxy is `etcd grpc-proxy`' },
  { minor: 7, name: /^experimental-/, remedy: 'give it its new name, or write its feature gate' },
];

/** What a host sets and etcd of that minor does not take, with the remedy; in order. */
export function removedSettings(settings: ReadonlyMap<string, { readonly value: string; readonly from: string }>, minor: number): readonly string[] {
  return [...settings].flatMap(([name, { value, from }]) => {
    const found = REMOVED.find((removed) => removed.minor <= minor && removed.name.test(name) && removed.value?.test(value) !== false);
    return found === undefined ? [] : [`${name}${found.value === undefined ? '' : `=${value}`} in ${from}: ${found.remedy}`];
  });
}
