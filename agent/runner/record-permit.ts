import type { Generation } from '../../shared/domain/ids.ts';
import type { Outcome } from '../../shared/domain/journal-record.ts';
import type { Envelope } from '../../shared/trust/envelope.ts';
import { PERMIT_TYPE } from '../../shared/trust/payload-types.ts';
import { decodePermit } from '../../shared/wire/permit-codec.ts';
import { type PermitQuestion, refusePermit } from '../core/admit-permit.ts';
import { diskFullOutcome, isDiskFull } from '../core/disk-full.ts';
import { progressOf } from '../core/progress.ts';
import type { JournalError } from '../core/journal-error.ts';
import { unverified } from '../core/unverified.ts';
import { redactOutcome } from './append-record.ts';
import { awaitHostJournal, type Host, permitView } from './host.ts';
import { orDiskFull } from './or-disk-full.ts';
import { wholeEntry } from './whole-entry.ts';

export type PermitResult =
  /** Journaled: start the work unit in mode `activate` now. */
  | { readonly kind: 'permitted'; readonly generation: Generation }
  | { readonly kind: 'refused'; readonly outcome: Outcome }
  | { readonly kind: 'broken'; readonly error: JournalError };

/** The unit that staged closes the journal a moment after it said so. */
const LOCK_WAIT_MS = 5_000;

/** Judges, stores and journals a permit. The work unit judges it once more right before it begins. */
export async function recordPermit(envelope: Envelope, question: PermitQuestion | null, host: Host): Promise<PermitResult> {
  const verified = host.verify(envelope, PERMIT_TYPE);
  if (!verified.ok) return { kind: 'refused', outcome: redactOutcome(unverified(verified.message)) };
  const decoded = decodePermit(verified.payload);
  if (!decoded.ok) return { kind: 'refused', outcome: redactOutcome(unverified(`${decoded.error.field} ${decoded.error.message}`)) };
  const permit = decoded.value;
  const opened = await awaitHostJournal(host, LOCK_WAIT_MS);
  if (!opened.ok) {
    if (opened.error.code === 'journal-locked') return refused('generation-stale', 'a work unit of an assignment is running');
    return { kind: 'broken', error: opened.error };
  }
  const { journal } = opened;
  try {
    const refusal = refusePermit(permit, permitView(host, journal.records, question));
    if (refusal !== null || question === null) return { kind: 'refused', outcome: refusal ?? { code: 'permit-replayed', message: '', object: '' } };
    if (progressOf(journal.records, permit.generation)?.staged !== true) return refused('generation-stale', 'the assignment is not staged yet');
    const payloadDigest = await orDiskFull(host.assignments.keepPermit(question, envelope));
    if (payloadDigest instanceof Error) {
      // Given up here and now: a slot must not wait for somebody to make room.
      const outcome = redactOutcome(diskFullOutcome(payloadDigest, 'the permit could not be kept'));
      journal.append([wholeEntry('refused', permit, { outcome })]);
      return { kind: 'refused', outcome };
    }
    journal.append([wholeEntry('permit', permit, { payloadDigest })]);
    return { kind: 'permitted', generation: permit.generation };
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return refused('disk-full', `no room for the permit under ${host.stateDir}; free space`);
  } finally {
    journal.close();
  }
}

function refused(code: Outcome['code'], message: string): PermitResult {
  return { kind: 'refused', outcome: { code, message, object: '' } };
}
