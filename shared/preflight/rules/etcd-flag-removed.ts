import type { HostFacts } from '../../domain/host-facts.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { etcdMinorOf, membersTouched } from './etcd-minor.ts';
import { error } from './rule.ts';

/** etcd 3.7 does not start with a flag that it does not know: https://github.com/etcd-io/website/blob/main/content/en/docs/v3.7/upgrades/upgrade_3_7.md */
export function etcdFlagRemoved(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  if (etcdMinorOf(target.version) !== 7) return [];
  return membersTouched(facts, target)
    .filter(({ etcd }) => etcd.experimentalFlags.length > 0)
    .map(({ node, etcd }) =>
      error('etcd-flag-removed', node, `etcd of ${node} is started with ${etcd.experimentalFlags.join(', ')}, which etcd 3.7 does not know and then does not start: give its new name, or take it out of etcd.local.extraArgs in ConfigMap kubeadm-config and of /etc/kubernetes/manifests/etcd.yaml`),
    );
}
