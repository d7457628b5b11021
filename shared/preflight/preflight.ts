import type { HostFacts } from '../domain/host-facts.ts';
import type { Finding } from './finding.ts';
import { certificates } from './rules/certificates.ts';
import { cgroupV1 } from './rules/cgroup-v1.ts';
import { containerdTooOld } from './rules/containerd-too-old.ts';
import { crunTooOld } from './rules/crun-too-old.ts';
import { datastoreProofMissing } from './rules/datastore-proof-missing.ts';
import { diskTooSmall } from './rules/disk-too-small.ts';
import { etcdFlagRemoved } from './rules/etcd-flag-removed.ts';
import { etcdTooOld } from './rules/etcd-too-old.ts';
import { k3sEtcdTooOld } from './rules/k3s-etcd-too-old.ts';
import { kubeletTooOld } from './rules/kubelet-too-old.ts';
import { podInfraImageFlag } from './rules/pod-infra-image-flag.ts';
import type { Rule } from './rules/rule.ts';
import { singleControlPlaneEtcd } from './rules/single-control-plane-etcd.ts';
import { versionChange } from './rules/version-change.ts';
import type { PreflightTarget } from './target.ts';

/** In the order in which an operator reads what they find. */
const RULES: readonly Rule[] = [
  versionChange,
  certificates,
  cgroupV1,
  podInfraImageFlag,
  containerdTooOld,
  crunTooOld,
  diskTooSmall,
  kubeletTooOld,
  etcdTooOld,
  etcdFlagRemoved,
  singleControlPlaneEtcd,
  k3sEtcdTooOld,
  datastoreProofMissing,
];

/** All that stands in the way of doing this to that host. Pure; nothing found is an empty list. */
export function preflight(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  return RULES.flatMap((rule) => rule(facts, target));
}
