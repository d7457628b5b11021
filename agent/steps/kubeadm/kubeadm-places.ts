import { join } from 'node:path';

/** Where kubeadm and the kubelet keep what is theirs. */
export interface KubeadmPlaces {
  /** /etc/kubernetes */
  readonly kubernetes: string;
  /** /var/lib/kubelet */
  readonly kubelet: string;
}

export const KUBEADM_PLACES: KubeadmPlaces = { kubernetes: '/etc/kubernetes', kubelet: '/var/lib/kubelet' };

/** What `kubeadm upgrade` writes for the kubelet, on every node (phase kubelet-config). */
export function kubeletFiles({ kubelet }: KubeadmPlaces): readonly string[] {
  return ['config.yaml', 'kubeadm-flags.env', 'instance-config.yaml'].map((name) => join(kubelet, name));
}

export function manifestsFolder({ kubernetes }: KubeadmPlaces): string {
  return join(kubernetes, 'manifests');
}

/** Where kubeadm puts old manifests, etcd's data and the old kubelet configuration aside: `kubeadm-<what>-<time>`. */
export function scratchFolder({ kubernetes }: KubeadmPlaces): string {
  return join(kubernetes, 'tmp');
}
