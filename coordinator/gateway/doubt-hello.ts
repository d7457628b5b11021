import { GENERATION_MAX } from '../../shared/domain/ids.ts';
import type { NodeJournal } from '../core/node-journal.ts';
import type { HelloFacts } from '../core/world.ts';

/** A store that lost its tail is a few leaders behind; one compromised agent that claims more must not drive the epoch out of range. */
const EPOCH_JUMP_MAX = 1_000_000;

/**
 * What a hello says that cannot be so, with its remedy; null where it can. Fails towards fewer disruptions: a host that is
 * not believed gets no session, so nothing is assigned to it and it counts as unavailable.
 *
 * @param held what was reported of the same node before.
 */
export function doubtHello(facts: HelloFacts, epoch: number, held: NodeJournal): string | null {
  const { journalId, journalSequence, highestGeneration, highestEpoch } = facts;
  if (highestEpoch > epoch + EPOCH_JUMP_MAX) {
    return `this host claims to have seen epoch ${highestEpoch}, the fleet is at ${epoch}: no store loses so much. Look who made its journal; then enroll it anew: farrier-agent enroll --force`;
  }
  if (highestGeneration > GENERATION_MAX || !Number.isSafeInteger(journalSequence)) {
    return 'this host claims more assignments or records than there can have been. Look who made its journal; then enroll it anew: farrier-agent enroll --force';
  }
  // What is reported was fsynced on the host before: no power cut takes it back.
  if (journalId === held.journalId && journalSequence < held.lastSequence) {
    return `this host's journal ends at record ${journalSequence}, but ${held.lastSequence} were reported before: it was put back to an older state, copied, or its journal is broken. Compare the host with what was done to it (farrier why NODE, farrier-agent journal); then move its journal folder away and restart the agent, which starts a new one`;
  }
  return null;
}
