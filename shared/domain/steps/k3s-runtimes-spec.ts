import type { StepBase } from '../step-base.ts';

/**
 * Adds runtimes to the template from which K3s makes containerd's configuration, and mirrors to its registries.yaml; restarts
 * K3s and proves it. What K3s generates is never written.
 */
export interface K3sRuntimesSpec extends StepBase {
  readonly kind: 'k3s_runtimes';
  /** Of k3s.service or of k3s-agent.service. */
  readonly role: 'server' | 'agent';
  /** All that Farrier adds: one that is left out of a later plan goes. By name, each once. */
  readonly runtimes: readonly K3sRuntime[];
  /** By host, each once; other hosts stay as they are. */
  readonly mirrors: readonly K3sMirror[];
}

export interface K3sRuntime {
  /** What a RuntimeClass names as its handler. */
  readonly name: string;
  /** `io.containerd.runc.v2`, or that of a shim. */
  readonly type: string;
  /** Program that a runtime of runc's kind runs; null: the shim knows. Its cgroup driver is the one of all others. */
  readonly binary: string | null;
  /** Annotations of pods that containers get to see. */
  readonly podAnnotations: readonly string[];
}

export interface K3sMirror {
  /** `docker.io`, `registry.example:5000`, or `*`. */
  readonly host: string;
  /** Asked in this order. */
  readonly endpoints: readonly string[];
}
