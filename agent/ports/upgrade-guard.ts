/**
 * Sees to it that an upgrade of the agent goes on whatever becomes of the agent: a copy of the version that began it, and a
 * timer of systemd that starts its work unit from that copy where none runs. It needs nothing that the package holds.
 */
export interface UpgradeGuard {
  /** Armed and durable when it resolves; a power cut from here on is survived. Idempotent. */
  arm(signal: AbortSignal): Promise<void>;
  /** Leaves nothing. Called when the assignment is over, by the guard itself: what it keeps may be what runs. Idempotent. */
  disarm(signal: AbortSignal): Promise<void>;
}
