import { hostState } from '../../fleet/host-state.ts';
import type { Host } from '../../fleet/host.ts';
import { isReady, type KubernetesCluster } from '../../fleet/stand-ins/kubernetes-cluster.ts';
import { compare } from '../host-truth.ts';

const RUNNING = `
exec 2>&1
echo '== running or failed'; systemctl list-units --plain --no-legend --full --type=service --state=running,failed | awk '{print $1, $4}' | grep -v '^fleet-exec-' | sort
echo '== images of pods'; systemctl show --property=Environment 'pod-*.service' | grep -o 'STAND_IN_IMAGE=[^ ]*' | sed 's|.*/||' | sort
echo '== enabled'; systemctl list-unit-files --plain --no-legend --state=enabled --type=service | awk '{print $1}'
echo '== kernel'; cat /proc/sys/net/ipv4/tcp_fin_timeout
echo '== reload'; systemctl show --property=NeedDaemonReload kubelet.service k3s.service k3s-agent.service hoofd.service
echo '== left over'; find /var/lib/lonely-agent -name reserve -o -path '*/watchdog/*'
exit 0
`;

/** What every upgrade writes anew: certificates and keys, and copies in folders named after the time. */
const WRITTEN_ANEW = /^content: .* {2}\/etc\/kubernetes\/(?:pki\/|[a-z-]+\.conf$)|\/etc\/kubernetes\/tmp\//;

/** A node as its host, its systemd and its cluster have it; equal text is an equal node. */
export async function nodeState(host: Host, cluster: KubernetesCluster): Promise<string> {
  const node = await cluster.node(host.name);
  const taints = (node.spec.taints ?? []).map(({ key, effect }) => `${key}:${effect}`).toSorted();
  const inCluster = ['== in its cluster', `${node.status.nodeInfo?.['kubeletVersion']} ${isReady(node) ? 'Ready' : 'NotReady'}`, ...taints, ''].join('\n');
  return `${await hostState(host)}${await host.mustExec(['sh', '-c', RUNNING])}${inCluster}`;
}

/** @returns what is not as it was. */
export function differsFromOld(old: string, now: string): readonly string[] {
  return compare(old, now);
}

/** @returns what is not as on a host that was upgraded with nothing going wrong. */
export function differsFromNew(clean: string, now: string): readonly string[] {
  return compare(clean, now).filter((line) => !WRITTEN_ANEW.test(line.replace(/^(?:missing|too much): /, '')));
}
