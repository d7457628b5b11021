import { manualClock } from '../support/manual-clock.ts';
import { memoryDisk, memoryStore } from '../support/memory-store.ts';
import { describeEventStore } from './event-store-contract.ts';

describeEventStore('in memory', 'many', async () => {
  const clock = manualClock();
  const disk = memoryDisk();
  const open = async () => memoryStore({ clock, disk });
  return { open, openAnother: open, pass: async (ms) => clock.advance(ms), leaseTtlMs: 10_000, dispose: async () => undefined };
});
