import type { FleetName, NodeName } from '../../shared/domain/ids.ts';
import type { JournalRecord, Outcome } from '../../shared/domain/journal-record.ts';
import { MUTATION } from '../../shared/ports/mutation.ts';
import type { PermitSpec } from '../../shared/wire/permit-codec.ts';
import { highestSeen } from './highest-seen.ts';
import { progressOf } from './progress.ts';

/** The one request for a permit that this agent has open; it lives and dies with the process and the boot. */
export interface PermitQuestion {
  readonly requestId: string;
  readonly generation: number;
  readonly bootId: string;
  /** Monotonic, when the request was sent: the permit's validity counts from here. */
  readonly sentMonotonicMs: number;
}

export interface PermitView {
  readonly fleet: FleetName;
  readonly node: NodeName;
  readonly bootId: string;
  readonly nowMonotonicMs: number;
  readonly nowUnixMs: number;
  readonly records: readonly JournalRecord[];
  readonly question: PermitQuestion | null;
}

/**
 * Judges a permit whose signature was verified: when it arrives, and again right before `begin` is journaled.
 * @returns null where it holds; else why not.
 */
export function refusePermit(permit: PermitSpec, view: PermitView): Outcome | null {
  if (permit.fleet !== view.fleet || permit.node !== view.node) {
    return refusal('wrong-node', `the permit is for ${permit.fleet}/${permit.node}, this host is ${view.fleet}/${view.node}`);
  }
  const highest = highestSeen(view.records);
  if (permit.epoch < highest.epoch && MUTATION !== 'epoch-not-checked') {
    return refusal('epoch-stale', `epoch ${permit.epoch} was signed by a leader that epoch ${highest.epoch} deposed`);
  }
  const progress = progressOf(view.records, permit.generation);
  if (progress === null || progress.rollout !== permit.rollout) {
    return refusal('generation-stale', `the permit is for generation ${permit.generation} of ${permit.rollout}, which this host does not have`);
  }
  if (progress.end !== null || progress.begun) return refusal('generation-stale', `generation ${permit.generation} is begun or over: its permit was used, and is good for nothing more`);
  if (progress.digest !== permit.digest) return refusal('store-regressed', 'the permit is for another sequence than the one accepted');
  const { question } = view;
  if (question === null || question.requestId !== permit.requestId || question.generation !== permit.generation) {
    return refusal('permit-replayed', `the permit answers request ${permit.requestId}, which is not the open one: it was used before, or came too late. Nothing was begun; the coordinator offers a new one by itself`);
  }
  if (question.bootId !== view.bootId) return refusal('boot-changed', 'the host booted since the permit was asked for');
  const ageMs = view.nowMonotonicMs - question.sentMonotonicMs;
  if (ageMs < 0 || ageMs > permit.validForMs) return refusal('permit-expired', `the permit was good for ${permit.validForMs} ms and is ${ageMs} ms old`);
  if (view.nowUnixMs > permit.expiresUnixMs) {
    return refusal('permit-expired', `the permit expired ${Math.ceil((view.nowUnixMs - permit.expiresUnixMs) / 1000)} s ago by this host’s clock; compare the clocks`);
  }
  return null;
}

function refusal(code: Outcome['code'], message: string): Outcome {
  return { code, message, object: '' };
}
