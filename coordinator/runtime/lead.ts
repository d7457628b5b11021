import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { EventStore } from '../ports/event-store.ts';
import { isStoreFull } from '../ports/store-error.ts';

const LEADER_LEASE = 'leader';
const LEASE_TTL_MS = 15_000;
const RENEW_EVERY_MS = 5_000;

/**
 * Waits until this coordinator may lead. The lease only spares the fleet two leaders that depose each other in turn;
 * what keeps a deposed one from writing is the ledger's epoch.
 */
export async function waitForLeadership(
  store: EventStore,
  holder: string,
  clock: Clock,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  for (let waits = 0; ; waits++) {
    if ((await store.acquireLease(LEADER_LEASE, holder, LEASE_TTL_MS)) !== null) return;
    if (waits === 0) logger.info('another coordinator leads; standing by');
    await clock.sleep(RENEW_EVERY_MS, signal);
  }
}

/** Extends the lease until aborted, then gives it back. @returns false where the lease was lost. */
export async function keepLeadership(store: EventStore, holder: string, clock: Clock, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    if (!(await extend(store, holder))) return false;
    await clock.sleep(RENEW_EVERY_MS, signal).catch(() => undefined);
  }
  await store.releaseLease(LEADER_LEASE, holder);
  return true;
}

/** Where there is no room to write a lease, nobody else can take it either: the ledger's epoch fences whoever could. */
async function extend(store: EventStore, holder: string): Promise<boolean> {
  try {
    return (await store.acquireLease(LEADER_LEASE, holder, LEASE_TTL_MS)) !== null;
  } catch (error) {
    if (isStoreFull(error)) return true;
    throw error;
  }
}
