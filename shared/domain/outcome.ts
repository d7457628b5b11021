/**
 * How a step or a sequence ended: a closed list.
 * `target`: blames what was installed, counts towards quarantine. `host`: blames the host or the circumstances.
 */
export const OUTCOME_CODES = {
  ok: 'none',
  satisfied: 'none',
  'apply-failed': 'target',
  'verify-failed': 'target',
  'unit-crashed': 'target',
  'kubelet-unhealthy': 'target',
  'node-not-ready': 'target',
  'heartbeat-missing': 'target',
  'api-unready': 'target',
  /** The coordinator answered this host, and gave the new version of the agent no session in time. */
  'agent-not-connected': 'target',
  'coordinator-unreachable': 'host',
  'timed-out': 'host',
  'disk-full': 'host',
  'disk-read-only': 'host',
  'lock-held': 'host',
  'source-unknown': 'host',
  'source-unreachable': 'host',
  'version-not-found': 'host',
  'prior-unavailable': 'host',
  'artifact-unknown': 'host',
  'artifact-corrupt': 'host',
  'version-skew': 'host',
  'package-system-broken': 'host',
  'package-system-unsupported': 'host',
  'source-key-unusable': 'host',
  drifted: 'host',
  'path-refused': 'host',
  'account-unknown': 'host',
  'setting-unknown': 'host',
  'setting-overridden': 'host',
  'module-unknown': 'host',
  'hook-unknown': 'host',
  'hook-changed': 'host',
  'unit-not-found': 'host',
  'reboot-failed': 'host',
  'wrong-version': 'host',
  'api-unreachable': 'host',
  'role-mismatch': 'host',
  /** etcd as a whole: others than the member that the step is about are down, behind, or say alarm. */
  'etcd-unhealthy': 'host',
  'kubeadm-refused': 'host',
  'manual-upgrade-required': 'host',
  'runtime-unready': 'host',
  'image-unknown': 'host',
  'image-mismatch': 'host',
  'certificate-unknown': 'host',
  'certificate-external': 'host',
  'static-pod-stuck': 'host',
  'config-unreadable': 'host',
  /** The message begins with the refusal's own code. */
  'config-refused': 'host',
  /** An API server of the cluster answers though all of them are stopped. */
  'still-served': 'host',
  'datastore-running': 'host',
  'snapshot-unusable': 'host',
  /** Not every member came up on what was restored. */
  'members-missing': 'host',
  'not-allowed': 'host',
  /** The message begins with the finding's own code. */
  'preflight-failed': 'host',
  'unknown-step-kind': 'host',
  'drain-given-up': 'host',
  'interrupted-twice': 'host',
  'stopped-by-person': 'host',
  'went-silent': 'host',
  recalled: 'none',
  'signature-invalid': 'host',
  'generation-stale': 'host',
  'epoch-stale': 'host',
  'store-regressed': 'host',
  'permit-replayed': 'host',
  'permit-expired': 'host',
  'boot-changed': 'host',
  'wrong-node': 'host',
  'nothing-to-revert': 'host',
  'revert-failed': 'host',
  'needs-a-person': 'host',
  /** Blames the target: it was there that it could not be finished. */
  'past-no-return': 'target',
  'internal-error': 'host',
} as const satisfies Record<string, 'none' | 'target' | 'host'>;

export type OutcomeCode = keyof typeof OUTCOME_CODES;

export function isOutcomeCode(code: string): code is OutcomeCode {
  return Object.hasOwn(OUTCOME_CODES, code);
}
