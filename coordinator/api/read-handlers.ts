import type { Clock } from '../../shared/ports/clock.ts';
import { toFactsMessage } from '../../shared/wire/facts-codec.ts';
import type { FleetHandlers } from '../../shared/wire/messages.ts';
import { explainNode } from '../core/explain.ts';
import { type FleetState, nowOf } from '../runtime/fleet-state.ts';
import { notFound } from './api-error.ts';
import type { AuditLog } from './audit.ts';
import { type Gate, unary } from './unary.ts';

const AUDIT_LAST_DEFAULT = 50;

/** What only reads: why a node is where it is, and who did what. */
export function readHandlers(
  gate: Gate,
  parts: { readonly state: FleetState; readonly audit: AuditLog; readonly clock: Clock },
): Pick<FleetHandlers, 'ExplainNode' | 'ListAudit'> {
  const { state, audit, clock } = parts;
  return {
    ExplainNode: unary(gate, { role: 'viewer', action: null }, async ({ node }) => {
      const view = state.nodes.get(node);
      if (view === undefined) throw notFound('node', node, 'farrier node ls');
      const told = view.facts === null ? {} : { facts: toFactsMessage(view.facts.facts), factsUnixMs: view.facts.sinceUnixMs };
      return { explanations: [...explainNode(state, nowOf(clock), node)], ...told };
    }),

    ListAudit: unary(gate, { role: 'viewer', action: null }, async ({ last }) => {
      const { entries, broken } = await audit.list(last === 0 ? AUDIT_LAST_DEFAULT : last);
      return { entries: [...entries], broken };
    }),
  };
}
