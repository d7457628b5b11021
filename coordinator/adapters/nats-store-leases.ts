import { z } from 'zod';

import type { Clock } from '../../shared/ports/clock.ts';
import type { Lease } from '../ports/event-store.ts';
import type { NatsRecords } from './nats-store-records.ts';

export interface NatsLeases {
  acquire(name: string, holder: string, ttlMs: number): Promise<Lease | null>;
  release(name: string, holder: string): Promise<void>;
}

/** `untilUnixMs` is the holder's wall clock and only for people who look into the bucket. */
const leaseSchema = z.object({ holder: z.string(), ttlMs: z.number(), untilUnixMs: z.number() });

const TRIES_MAX = 3;

/**
 * Leases as records. Two coordinators have two clocks, so none is compared: a lease is over when this process has seen
 * the same revision of it for as long as it was granted for. One that has just started waits that long once.
 */
export function natsLeases(records: NatsRecords, clock: Clock): NatsLeases {
  const seen = new Map<string, { readonly revision: number; readonly atMonotonicMs: number }>();

  function unchangedForMs(name: string, revision: number): number {
    const now = clock.monotonicMs();
    const known = seen.get(name);
    if (known?.revision === revision) return now - known.atMonotonicMs;
    seen.set(name, { revision, atMonotonicMs: now });
    return 0;
  }

  return {
    async acquire(name, holder, ttlMs) {
      for (let tries = 0; tries < TRIES_MAX; tries += 1) {
        const found = await records.get(name);
        const held = found === null ? null : leaseSchema.parse(found.value);
        if (found !== null && held !== null && held.holder !== holder && unchangedForMs(name, found.revision) < held.ttlMs) return null;
        const value = { holder, ttlMs, untilUnixMs: clock.wallUnixMs() + ttlMs };
        const result = await records.put(name, value, found?.revision ?? 0);
        if (!result.ok) continue; // Somebody was faster: look who.
        unchangedForMs(name, result.revision);
        return { holder, expiresInMs: ttlMs };
      }
      return null;
    },
    async release(name, holder) {
      const found = await records.get(name);
      if (found === null || leaseSchema.parse(found.value).holder !== holder) return;
      await records.delete(name, found.revision); // Refused when somebody has it by now: then it is not ours to release.
    },
  };
}
