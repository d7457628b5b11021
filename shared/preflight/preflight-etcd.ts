import { refuseEtcdVersion } from '../domain/etcd-releases.ts';
import type { HostFacts } from '../domain/host-facts.ts';
import { parseRelease } from '../domain/release.ts';
import type { EtcdUpgradeSpec } from '../domain/steps/etcd-spec.ts';
import type { Finding } from './finding.ts';
import { unproved } from './rules/datastore-proof-missing.ts';
import { error } from './rules/rule.ts';
import type { ClusterFacts } from './target.ts';

/** What stands in the way of bringing a member of etcd to a version, by what all of its cluster's agents told. The host asks the members themselves. */
export function preflightEtcd({ version, unit }: EtcdUpgradeSpec, facts: HostFacts | null, cluster: ClusterFacts): readonly Finding[] {
  const look = facts?.etcdMember ?? null;
  // One of another unit is none that agents look at.
  if (look === null) return [];
  const members = cluster.nodes.flatMap(({ name, facts: told }) => (told?.etcdMember?.clusterId === look.clusterId ? [{ name: `the member of ${name}`, version: told.etcdMember.version }] : []));
  const to = parseRelease(version);
  const refused = to === null ? '' : refuseEtcdVersion(members, to);
  return [
    ...(look.runsAs === 'systemd' ? [] : [error('etcd-not-by-hand', unit, `etcd is run by ${look.runsAs}, which brings it to its own version; take this step out`)]),
    ...(refused === '' ? [] : [error('etcd-too-old', unit, refused)]),
    ...look.alarms.slice(0, 1).map(({ alarm }) => error('etcd-alarm', unit, `etcd has alarm ${alarm}; clear what raised it first`)),
    ...unproved(cluster),
  ];
}
