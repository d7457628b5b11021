import type { Digest, Generation } from '../../shared/domain/ids.ts';
import type { Outcome } from '../../shared/domain/journal-record.ts';
import type { Envelope } from '../../shared/trust/envelope.ts';
import { ASSIGNMENT_TYPE } from '../../shared/trust/payload-types.ts';
import { decodeAssignment } from '../../shared/wire/assignment-codec.ts';
import { type Admission, admitAssignment } from '../core/admit-assignment.ts';
import { diskFullOutcome, isDiskFull } from '../core/disk-full.ts';
import type { JournalError } from '../core/journal-error.ts';
import { unverified } from '../core/unverified.ts';
import type { JournalEntry } from '../ports/journal.ts';
import { redactOutcome } from './append-record.ts';
import { awaitHostJournal, type Host } from './host.ts';
import type { OpenJournal } from './journal-file.ts';

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

/** Verifies, judges, stores and journals what a coordinator sent. Idempotent. */
export async function acceptAssignment(envelope: Envelope, host: Host): Promise<AcceptResult> {
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
    const admission = admitAssignment(decodeAssignment(verified.payload), { fleet, node, allow, records, nowUnixMs: host.clock.wallUnixMs() });
    return await settle(admission, envelope, opened.journal, host);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
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
      if (admission.journal !== null) {
        const { rollout, generation, epoch, digest } = admission.journal;
        journal.append([{ ...WHOLE, kind: 'refused', rollout, generation, epoch, digest, outcome }]);
      }
      return { kind: 'refused', journaled: admission.journal !== null, outcome };
    }
    case 'already':
    case 'accept': {
      const { rollout, generation, epoch, action } = admission.assignment;
      if (admission.kind === 'already' && !admission.newer) return { kind: 'already', generation };
      // The file first: a record must never name what is not there.
      const payloadDigest = await keep(host, generation, envelope);
      if (payloadDigest instanceof Error) {
        const outcome = redactOutcome(diskFullOutcome(payloadDigest, 'the assignment could not be kept'));
        // What is known already ends only by what was journaled of it; it is sent again.
        if (admission.kind === 'already') return { kind: 'refused', journaled: false, outcome };
        journal.append([{ ...WHOLE, kind: 'refused', rollout, generation, epoch, digest: action.digest, outcome }]);
        return { kind: 'refused', journaled: true, outcome };
      }
      const accepted = { ...WHOLE, kind: 'accepted' as const, rollout, generation, epoch, digest: action.digest, payloadDigest };
      const old = admission.kind === 'accept' ? admission.supersedes : null;
      journal.append([...(old === null ? [] : [superseded(old, generation)]), accepted]);
      return { kind: admission.kind === 'accept' ? 'accepted' : 'already', generation };
    }
  }
}

/** @returns the error where the disk is full. */
async function keep(host: Host, generation: Generation, envelope: Envelope): Promise<Digest | Error> {
  return await host.assignments.keepAssignment(generation, envelope).catch((error: unknown) => {
    if (isDiskFull(error)) return error;
    throw error;
  });
}

const WHOLE = { step: -1, stepName: '', attempt: 0, payloadDigest: '', outcome: null } as const;

function superseded(old: Pick<JournalEntry, 'rollout' | 'generation' | 'epoch' | 'digest'>, by: Generation): JournalEntry {
  const { rollout, generation, epoch, digest } = old;
  const outcome: Outcome = { code: 'recalled', message: `assignment ${by} came before this one was begun`, object: '' };
  return { ...WHOLE, kind: 'refused', rollout, generation, epoch, digest, outcome };
}
