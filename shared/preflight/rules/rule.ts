import type { HostFacts, K3sFacts, KubeadmFacts } from '../../domain/host-facts.ts';
import type { Finding, FindingCode } from '../finding.ts';
import type { KubeletTarget, PreflightTarget } from '../target.ts';

/** One thing that can be in the way. What a rule is not about it does not find. */
export type Rule = (facts: HostFacts, target: PreflightTarget) => readonly Finding[];

export function error(code: FindingCode, object: string, message: string): Finding {
  return { code, severity: 'error', object, message };
}

export function warning(code: FindingCode, object: string, message: string): Finding {
  return { code, severity: 'warning', object, message };
}

export function kubeadmOf(facts: HostFacts | null): KubeadmFacts | null {
  return facts?.kubernetes?.kind === 'kubeadm' ? facts.kubernetes : null;
}

export function k3sOf(facts: HostFacts | null): K3sFacts | null {
  return facts?.kubernetes?.kind === 'k3s' ? facts.kubernetes : null;
}

const PACKAGES_OF = { containerd: ['containerd', 'containerd.io'], crun: ['crun'] } as const;

/** The version that is there when the kubelet starts; null where there is none. */
export function willRun(program: keyof typeof PACKAGES_OF, { runtimes }: HostFacts, { installs }: KubeletTarget): string | null {
  const installed = PACKAGES_OF[program].find((name) => Object.hasOwn(installs, name));
  return installed === undefined ? runtimes[program] : (installs[installed] ?? null);
}

/** Kubernetes and etcd number their minors within major 1 and 3; another major is past all of them. */
export function isFrom(version: { readonly major: number; readonly minor: number }, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}
