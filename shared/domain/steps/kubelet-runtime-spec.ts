import type { StepBase } from '../step-base.ts';

/**
 * `set`: apply stops the kubelet of a kubeadm node and writes another container runtime wherever kubelet and kubeadm look for
 * it; a kubelet step after it starts and proves the kubelet. `guard`: apply changes nothing; revert, which runs after the
 * kubelet is back on what it ran on, gives the Node the annotation back that kubeadm reads: only then can it be asked again.
 */
export interface KubeletRuntimeSpec extends StepBase {
  readonly kind: 'kubelet_runtime';
  /** `unix:///run/containerd/containerd.sock`. */
  readonly endpoint: string;
  /** What the node then has to report, as `containerd` of `containerd://1.7.24`. */
  readonly runtime: string;
  readonly action: 'set' | 'guard';
}
