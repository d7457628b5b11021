import type { Decision } from '../../coordinator/core/decision.ts';
import type { LedgerEvent } from '../../coordinator/core/ledger-event.ts';
import type { RolloutEvent } from '../../coordinator/core/rollout-event.ts';

/** Decisions as short lines, in order: what a table or a transcript of a test compares. */
export function decisionLines(decisions: readonly Decision[]): string[] {
  return decisions.flatMap((decision) => {
    if (decision.kind === 'ledger') return decision.events.flatMap(ledgerLines);
    if (decision.kind === 'rollout') return decision.events.map((event) => `${decision.rollout}: ${rolloutLine(event)}`);
    if (decision.kind === 'start-rollback') return [`start-rollback ${decision.rollout}`];
    if (decision.kind === 'start-hop') return [`start-hop ${decision.hop}`];
    const request = decision.kind === 'permit' ? ` for ${decision.requestId}` : '';
    return [`${decision.kind} ${decision.node} ${decision.rollout}#${decision.generation}${request}`];
  });
}

function ledgerLines(event: LedgerEvent): string[] {
  switch (event.type) {
    case 'leader':
      return [`ledger: leader ${event.epoch}`];
    case 'slots-taken':
      return event.slots.map((slot) => `slot ${slot.node} ${slot.rollout}#${slot.generation}`);
    case 'slot-returned':
      return [`slot returned ${event.node} #${event.generation} ${event.cause}`];
    case 'slot-adopted':
      return [`slot adopted ${event.slot.node} ${event.slot.rollout}#${event.slot.generation}`];
    case 'slot-forgotten':
      return [`slot forgotten ${event.node}`];
  }
}

function rolloutLine(event: RolloutEvent): string {
  switch (event.type) {
    case 'wave-opened':
    case 'wave-completed':
      return `${event.type} ${event.wave}`;
    case 'node-ended':
      return `${event.node} ended ${event.end.state}`;
    case 'node-returned':
      return `${event.node} returned ${event.reason}`;
    case 'drain-given-up':
      return `${event.node} drain-given-up: ${event.outcome.message}`;
    case 'node-stuck':
    case 'node-deferred':
    case 'node-gone':
    case 'adopted':
    case 'recall-asked':
    case 'permit-issued':
    case 'assigned':
      return `${event.node} ${event.type}`;
    case 'paused':
      return `paused by ${event.by} ${event.reason}: ${event.detail}`;
    case 'rollback-asked':
    case 'aborted':
      return `${event.type} by ${event.by}: ${event.why}`;
    case 'ended':
      return `ended ${event.status}`;
    case 'rollback-started':
      return `rollback-started ${event.rollback}`;
    case 'started':
    case 'resumed':
      return `${event.type} by ${event.by}`;
  }
}
