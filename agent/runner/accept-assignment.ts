import type { Epoch, Generation } from '../../shared/domain/ids.ts';
import type { Outcome } from '../../shared/domain/journal-record.ts';
import type { Envelope } from '../../shared/trust/envelope.ts';
import { ASSIGNMENT_TYPE } from '../../shared/trust/payload-types.ts';
import { decodeAssignment } from '../../shared/wire/assignment-codec.ts';
import { type Admission, admitAssignment } from '../core/admit-assignment.ts';
import { diskFullOutcome, isDiskFull } from '../core/disk-full.ts';
import type { JournalError } from '../core/journal-error.ts';
import { unverified } from '../core/unverified.ts';
import { redactOutcome } from './append-record.ts';
import { awaitHostJournal, type Host } from './host.ts';
import type { OpenJournal } from './journal-file.ts';
import { orDiskFull } from './or-disk-full.ts';
import { wholeEntry } from './whole-entry.ts';

/**
 * accepted  journaled; staging can begin
 * already   known; its reports say the rest
 * refused   `journaled`: the report says so; else the answer to the sender is a Refusal
 * busy      something begun comes first, a work unit is writing, or the disk is full: not journaled, the sender tries again
 */
export type AcceptResult =
  | { readonly kind: 'accepted' | 'already'; readonly generation: Generation }
  | { readonly kind: 'refused'; readonly journaled: boolean; readonly outcome: Outcome }
  | { readonly kind: 'busy'; readonly outcome: Outcome }
  | { readonly kind: 'broken'; readonly error: JournalError };

/** The work unit holds the journal while it runs; looking is quick otherwise. */
const LOCK_WAIT_MS = 1_000;

/** Verifies, judges, stores and journals what a coordinator sent. Idempotent. @param epochFloor that ordered something which no journal has */
export async function acceptAssignment(envelope: Envelope, host: Host, epochFloor: Epoch = 0): Promise<AcceptResult> {
  const verified = host.verify(envelope, ASSIGNMENT_TYPE);
  if (!verified.ok) return { kind: 'refused', journaled: false, outcome: redactOutcome(unverified(verified.message)) };
  const opened = await awaitHostJournal(host, LOCK_WAIT_MS);
  if (!opened.ok) {
    if (opened.error.code !== 'journal-locked') return { kind: 'broken', error: opened.error };
    return { kind: 'busy', outcome: { code: 'generation-stale', message: 'a work unit of an assignment is running', object: '' } };
  }
  try {
    const { fleet, node, allow } = host;
    const { records } = opened.journal;
    const admission = admitAssignment(decodeAssignment(verified.payload), { fleet, node, allow, records, epochFloor, nowUnixMs: host.clock.wallUnixMs() });
    return await settle(admission, envelope, opened.journal, host);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return { kind: 'busy', outcome: { code: 'disk-full', message: `no room for the assignment under ${host.stateDir}; free space`, object: host.stateDir } };
  } finally {
    opened.journal.close();
  }
}

async function settle(admission: Admission, envelope: Envelope, journal: OpenJournal, host: Host): Promise<AcceptResult> {
  switch (admission.kind) {
    case 'busy':
      return { kind: 'busy', outcome: admission.outcome };
    case 'refuse': {
      const outcome = redactOutcome(admission.outcome);
      if (admission.journal !== null) journal.append([wholeEntry('refused', admission.journal, { outcome })]);
      return { kind: 'refused', journaled: admission.journal !== null, outcome };
    }
    case 'already':
    case 'accept': {
      const { generation, action } = admission.assignment;
      const about = { ...admission.assignment, digest: action.digest };
      if (admission.kind === 'already' && !admission.newer) return { kind: 'already', generation };
      // The file first: a record must never name what is not there.
      const payloadDigest = await orDiskFull(host.assignments.keepAssignment(generation, envelope));
      if (payloadDigest instanceof Error) {
        const outcome = redactOutcome(diskFullOutcome(payloadDigest, 'the assignment could not be kept'));
        // What is known already ends only by what was journaled of it; it is sent again.
        if (admission.kind === 'already') return { kind: 'refused', journaled: false, outcome };
        journal.append([wholeEntry('refused', about, { outcome })]);
        return { kind: 'refused', journaled: true, outcome };
      }
      const old = admission.kind === 'accept' ? admission.supersedes : null;
      journal.append([...(old === null ? [] : [wholeEntry('refused', old, { outcome: superseded(generation) })]), wholeEntry('accepted', about, { payloadDigest })]);
      return { kind: admission.kind === 'accept' ? 'accepted' : 'already', generation };
    }
  }
}

function superseded(by: Generation): Outcome {
  return { code: 'recalled', message: `assignment ${by} came before this one was begun`, object: '' };
}
