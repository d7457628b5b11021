/**
 * What keeps a host, or its cluster, from an upgrade: a closed list.
 * An `error` refuses the plan, and on the host the assignment; a `warning` is shown.
 */
export const FINDING_CODES = [
  'version-unknown',
  'version-goes-back',
  'minor-skipped',
  'manual-upgrade-required',
  'certificate-expired',
  'certificate-expires-soon',
  'cgroup-v1',
  'pod-infra-image-flag',
  'containerd-too-old',
  'crun-too-old',
  'etcd-too-old',
  'etcd-flag-removed',
  'single-control-plane-etcd',
  'disk-too-small',
  'kubelet-too-old',
  'k3s-etcd-too-old',
  'datastore-proof-missing',
  'etcd-not-by-hand',
  'etcd-alarm',
] as const;

export type FindingCode = (typeof FINDING_CODES)[number];

export interface Finding {
  readonly code: FindingCode;
  readonly severity: 'error' | 'warning';
  /** What is to be changed first: a file, a program, a node. */
  readonly object: string;
  /** One line, cause and remedy, exactly as the operator reads it. */
  readonly message: string;
}
