import type { Epoch, FleetName, NodeName } from '../../shared/domain/ids.ts';
import type { JournalRecord, Outcome } from '../../shared/domain/journal-record.ts';
import { MUTATION } from '../../shared/ports/mutation.ts';
import type { AssignmentHeader, AssignmentSpec, DecodedAssignment } from '../../shared/wire/assignment-codec.ts';
import { type AllowList, notAllowed } from './allow-list.ts';
import { highestSeen } from './highest-seen.ts';
import { openAssignment, type Progress, progressOf } from './progress.ts';

export interface AdmitView {
  readonly fleet: FleetName;
  readonly node: NodeName;
  readonly nowUnixMs: number;
  readonly allow: AllowList;
  readonly records: readonly JournalRecord[];
  /** The highest that ordered anything of this host that stands in no journal: a snapshot. */
  readonly epochFloor: Epoch;
}

export type Admission =
  /** `supersedes` was accepted before and never begun: it ends with the new one. */
  | { readonly kind: 'accept'; readonly assignment: AssignmentSpec; readonly supersedes: Progress | null }
  /** Sent again. `newer`: by a newer leader, whose epoch is journaled so that the older one is fenced off. */
  | { readonly kind: 'already'; readonly assignment: AssignmentSpec; readonly newer: boolean }
  /** What was begun comes first; the sender tries again. */
  | { readonly kind: 'busy'; readonly open: Progress; readonly outcome: Outcome }
  /** `journal` null: not worth a record, or one would harm: a generation that is not ours, or not newer. */
  | { readonly kind: 'refuse'; readonly outcome: Outcome; readonly journal: RefusedHeader | null };

export type RefusedHeader = AssignmentHeader & { readonly digest: string };

/** Judges an assignment whose signature was verified. */
export function admitAssignment(decoded: DecodedAssignment, view: AdmitView): Admission {
  const header = decoded.ok ? decoded.value : decoded.header;
  const digest = decoded.ok ? decoded.value.action.digest : decoded.digest;
  if (header === null || digest === null) {
    return refuse('unknown-step-kind', decoded.ok ? '' : `${decoded.error.field} ${decoded.error.message}`);
  }
  if (header.fleet !== view.fleet || header.node !== view.node) {
    return refuse('wrong-node', `the assignment is for ${header.fleet}/${header.node}, this host is ${view.fleet}/${view.node}`);
  }
  const highest = highestSeen(view.records);
  const epoch = Math.max(highest.epoch, view.epochFloor);
  if (header.epoch < epoch && MUTATION !== 'epoch-not-checked') {
    return refuse('epoch-stale', `epoch ${header.epoch} was signed by a leader that epoch ${epoch} deposed`);
  }
  const known = progressOf(view.records, header.generation);
  if (known?.digest === digest && decoded.ok) return { kind: 'already', assignment: decoded.value, newer: header.epoch > highest.epoch && known.end === null };
  if (header.generation <= highest.generation) {
    return refuse('store-regressed', `generation ${header.generation} with digest ${digest.slice(0, 12)} comes after generation ${highest.generation} was seen`);
  }
  const open = openAssignment(view.records);
  if (open !== null && (open.begun || open.end !== null)) return busy(open);
  const refused = { ...header, digest };
  if (!decoded.ok) return refuse('unknown-step-kind', `${decoded.error.field} ${decoded.error.message}`, refused);
  if (view.nowUnixMs > header.expiresUnixMs) {
    return refuse('permit-expired', `the assignment expired ${Math.ceil((view.nowUnixMs - header.expiresUnixMs) / 1000)} s ago by this host’s clock; compare the clocks`, refused);
  }
  const forbidden = decoded.value.action.kind === 'sequence' ? notAllowed(decoded.value.action.steps, view.allow) : '';
  if (forbidden !== '') return refuse('not-allowed', `${forbidden} is not in \`allow\` of agent.yaml on this host`, refused);
  return { kind: 'accept', assignment: decoded.value, supersedes: open };
}

function busy(open: Progress): Admission {
  const message = `assignment ${open.generation} of rollout ${open.rollout} is ${open.end === null ? 'begun and not over' : 'waiting for a person'}`;
  return { kind: 'busy', open, outcome: { code: open.end === null ? 'generation-stale' : 'needs-a-person', message, object: '' } };
}

function refuse(code: Outcome['code'], message: string, journal: RefusedHeader | null = null): Admission {
  return { kind: 'refuse', outcome: { code, message, object: '' }, journal };
}
