/** What may pass at once after a pause. Less than a disk of a slow host writes in the time that etcd misses a heartbeat. */
const BURST_MS = 100;

/** How much may pass without waiting: below zero it is owed. */
export interface TokenBucket {
  readonly tokens: number;
  readonly atMs: number;
}

export function fullBucket(perS: number, nowMs: number): TokenBucket {
  return { tokens: burstOf(perS), atMs: nowMs };
}

/**
 * Lets `amount` pass now and says how long nothing more may: an amount of any size passes whole, and is waited for afterwards.
 *
 * @param nowMs monotonic
 */
export function spend({ tokens, atMs }: TokenBucket, amount: number, perS: number, nowMs: number): { readonly bucket: TokenBucket; readonly waitMs: number } {
  const filled = Math.min(burstOf(perS), tokens + (Math.max(0, nowMs - atMs) * perS) / 1000);
  const left = filled - amount;
  return { bucket: { tokens: left, atMs: nowMs }, waitMs: left >= 0 ? 0 : Math.ceil((-left * 1000) / perS) };
}

function burstOf(perS: number): number {
  return (perS * BURST_MS) / 1000;
}
