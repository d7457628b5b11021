import type { Generation } from '../../shared/domain/ids.ts';
import type { JournalRecord, Outcome } from '../../shared/domain/journal-record.ts';
import { ASSIGNMENT_TYPE, PERMIT_TYPE } from '../../shared/trust/payload-types.ts';
import { type AssignmentSpec, decodeAssignment } from '../../shared/wire/assignment-codec.ts';
import { decodePermit, type PermitSpec } from '../../shared/wire/permit-codec.ts';
import { type PermitQuestion, refusePermit } from '../core/admit-permit.ts';
import { lastDone } from '../core/last-done.ts';
import type { Progress } from '../core/progress.ts';
import { type Host, permitView } from './host.ts';
import type { Work } from './work.ts';

export type VerifiedWork =
  | { readonly ok: true; readonly work: Work; readonly permitHolds: () => boolean }
  | { readonly ok: false; readonly outcome: Outcome };

/** Reads an assignment from disk and verifies it anew: this process believes nobody, the agent's word included. */
export async function verifiedWork(host: Host, records: readonly JournalRecord[], progress: Progress): Promise<VerifiedWork> {
  const { generation } = progress;
  const read = await readAssignment(host, progress, progress.begun);
  if (!read.ok) return read;
  const { assignment } = read;
  if (assignment.fleet !== host.fleet || assignment.node !== host.node || assignment.generation !== generation || assignment.action.digest !== progress.digest) {
    return { ok: false, outcome: { code: 'signature-invalid', message: 'the stored assignment is not the one that the journal accepted', object: '' } };
  }
  const permit = progress.begun ? null : await readPermit(host, generation);
  const base = {
    rollout: progress.rollout,
    generation,
    epoch: Math.max(progress.epoch, permit?.permit.epoch ?? 0),
    digest: progress.digest,
    onSilence: assignment.onSilence,
    silenceMs: assignment.silenceMs,
  };
  const permitHolds = (): boolean => permit !== null && refusePermit(permit.permit, permitView(host, records, permit.question)) === null;
  if (assignment.action.kind === 'sequence') {
    return { ok: true, permitHolds, work: { ...base, action: 'sequence', steps: assignment.action.steps, home: null } };
  }
  const { of } = assignment.action;
  const home = lastDone(records, generation);
  if (home === null || home.generation !== of.generation || home.rollout !== of.rollout || home.digest !== of.digest) {
    return { ok: true, permitHolds, work: { ...base, action: 'rollback', steps: [], home: null } };
  }
  const earlier = await readAssignment(host, home, true);
  if (!earlier.ok) return earlier;
  const steps = earlier.assignment.action.kind === 'sequence' ? earlier.assignment.action.steps : [];
  return { ok: true, permitHolds, work: { ...base, action: 'rollback', steps, home: steps.length === 0 ? null : home } };
}

/**
 * @param begun what was begun finishes or reverts although its key was rotated out since: then the journal's digest of
 *   the very file that was verified when it was accepted stands for the signature.
 */
async function readAssignment(host: Host, progress: Progress, begun: boolean): Promise<{ readonly ok: true; readonly assignment: AssignmentSpec } | { readonly ok: false; readonly outcome: Outcome }> {
  const stored = await host.assignments.readAssignment(progress.generation);
  if (stored === null) return invalid('the stored assignment is gone or cannot be read');
  const verified = host.verify(stored.envelope, ASSIGNMENT_TYPE);
  if (!verified.ok && !(begun && stored.digest === progress.payloadDigest)) return invalid(verified.message);
  const decoded = decodeAssignment(verified.ok ? verified.payload : stored.envelope.payload);
  return decoded.ok ? { ok: true, assignment: decoded.value } : invalid(`${decoded.error.field} ${decoded.error.message}`);
}

async function readPermit(host: Host, generation: Generation): Promise<{ readonly permit: PermitSpec; readonly question: PermitQuestion } | null> {
  const stored = await host.assignments.readPermit(generation);
  if (stored === null) return null;
  const verified = host.verify(stored.envelope, PERMIT_TYPE);
  const decoded = verified.ok ? decodePermit(verified.payload) : null;
  return decoded?.ok === true ? { permit: decoded.value, question: stored.question } : null;
}

function invalid(message: string): { readonly ok: false; readonly outcome: Outcome } {
  return { ok: false, outcome: { code: 'signature-invalid', message, object: '' } };
}
