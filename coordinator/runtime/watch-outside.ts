import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import { Deposed } from './deposed.ts';
import type { OutsideCopies } from './outside-copies.ts';

const LOOK_EVERY_MS = 60_000;

/** Copies what came here to the object stores, and back what is lost here, until aborted. @throws Deposed */
export async function watchOutside(copies: Pick<OutsideCopies, 'push' | 'prune' | 'bringBack'>, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await copies.bringBack(signal);
      await copies.push(signal);
      await copies.prune(signal);
    } catch (error) {
      if (error instanceof Deposed) throw error;
      if (!signal.aborted) logger.error('copies of snapshots outside were not looked after', { error });
    }
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}
