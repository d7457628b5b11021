import type { Generation } from '../../shared/domain/ids.ts';
import { progressOf } from '../core/progress.ts';
import type { Deadlines } from '../ports/watchdog.ts';
import type { WorkUnits } from '../ports/work-units.ts';
import { type Host, journalFolder } from './host.ts';
import { JournalReader } from './journal-reader.ts';

/**
 * What `farrier-agent watchdog` does whenever its timer fires: has every begun assignment whose deadline is past reverted.
 * Runs outside the agent. @returns whose it was.
 */
export async function bark(deadlines: Deadlines, units: WorkUnits, host: Host): Promise<readonly Generation[]> {
  const reader = new JournalReader(journalFolder(host.stateDir), host.journalFiles);
  // A journal that cannot be trusted says nothing about what to put back.
  if (reader.error !== null) return [];
  const barked: Generation[] = [];
  for (const generation of await deadlines.due()) {
    const progress = progressOf(reader.records, generation);
    if (progress === null || progress.end !== null) {
      await deadlines.disarm(generation);
      continue;
    }
    const isAtWork = (await units.running()) === generation;
    if (!progress.begun) {
      // Killed between the two: nothing was changed, and the next permit arms it anew.
      if (!isAtWork) await deadlines.disarm(generation);
      continue;
    }
    // Going back already: it must not be interrupted for the same again.
    if (progress.direction === 'back' && isAtWork) continue;
    // Started first, it gets the journal as soon as the other lost it: the agent, which starts what is missing, sees no gap.
    const said = await units.start(generation, 'went-silent');
    if (said !== '') {
      host.logger.error('the watchdog could not start the work unit', { generation, said });
      continue;
    }
    // Not asked to end: what hangs never would, and going back copes with a step that was killed anywhere.
    await units.kill(generation, 'went-silent');
    barked.push(generation);
  }
  return barked;
}
