import type { HostFacts } from '../../domain/host-facts.ts';
import { compareKubeVersions, formatKubeVersion, type KubeVersion, parseKubeVersion } from '../../domain/kube-version.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { error, isFrom, k3sOf } from './rule.ts';

/** By minor of 1: the first release with an etcd (3.5.26) from which 3.6 can be reached: https://github.com/k3s-io/k3s/pull/13493, /13494. */
const FIRST_SAFE: Readonly<Record<number, KubeVersion>> = {
  32: { major: 1, minor: 32, patch: 11, pre: null, k3s: 3 },
  33: { major: 1, minor: 33, patch: 7, pre: null, k3s: 3 },
};
const PROPOSED = 'v1.33.7+k3s3';
/** Brings etcd 3.6 though its minor began with 3.5: https://github.com/k3s-io/k3s/issues/14183. */
const LATE_1_33: KubeVersion = { major: 1, minor: 33, patch: 13, pre: null, k3s: 0 };

/** Members of removed servers come back to life in etcd 3.6 where they were left by an older 3.5: https://etcd.io/blog/2025/zombie_members_upgrade/ */
export function k3sEtcdTooOld(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  const own = k3sOf(facts);
  if (target.kind !== 'k3s' || own?.datastore !== 'etcd' || !bringsEtcd36(target.version)) return [];
  const nodes = target.cluster?.nodes ?? [{ name: own.nodeName, facts }];
  return nodes.flatMap((node) => {
    const k3s = k3sOf(node.facts);
    const version = target.from ?? parseKubeVersion(k3s?.version ?? '');
    if (k3s?.datastore !== 'etcd' || version === null || mayGoTo36(version)) return [];
    return [error('k3s-etcd-too-old', node.name, `k3s of ${node.name} is ${formatKubeVersion(version)}, with an etcd from which there is no safe way to the etcd 3.6 of ${formatKubeVersion(target.version)}: upgrade every server to ${PROPOSED} first`)];
  });
}

function bringsEtcd36(version: KubeVersion): boolean {
  return isFrom(version, 1, 34) || (isFrom(version, 1, 33) && compareKubeVersions(version, LATE_1_33) >= 0);
}

function mayGoTo36(version: KubeVersion): boolean {
  if (isFrom(version, 1, 34)) return true;
  const first = version.major === 1 ? FIRST_SAFE[version.minor] : undefined;
  return first !== undefined && compareKubeVersions(version, first) >= 0;
}
