import type { NodeName } from '../../shared/domain/ids.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { FleetHandlers } from '../../shared/wire/messages.ts';
import { unavailableReason } from '../core/unavailable.ts';
import type { NodeRecord, NodeView, World } from '../core/world.ts';
import type { Controller } from '../runtime/controller.ts';
import type { FleetLog } from '../runtime/fleet-log.ts';
import { type FleetState, nowOf, updateNode } from '../runtime/fleet-state.ts';
import { badRequest, notFound, refused } from './api-error.ts';
import { type Gate, unary } from './unary.ts';

export interface NodeParts {
  readonly state: FleetState;
  readonly log: FleetLog;
  readonly controller: Controller;
  readonly clock: Clock;
  /** Ends the node's session and revokes its certificates. */
  readonly expel: (node: NodeName, why: string) => Promise<void>;
  /** Lets the waiting host in; the certificates of the one before are superseded. Null where none waits. */
  readonly approve: (node: NodeName) => Promise<NodeRecord | null>;
  /** Turns the waiting host away. Null where none waits. */
  readonly reject: (node: NodeName) => Promise<NodeRecord | null>;
}

export function nodeHandlers(gate: Gate, parts: NodeParts): Pick<FleetHandlers, 'ListNodes' | 'ForgetNode' | 'RemoveNode' | 'ApproveNode'> {
  const { state, log, controller, clock } = parts;
  return {
    ListNodes: unary(gate, { role: 'viewer', action: null }, async () => {
      const nodes = [...state.nodes.values()].toSorted((a, b) => (a.record.name < b.record.name ? -1 : 1));
      return { nodes: nodes.map((view) => nodeMessage(state, view, clock)) };
    }),

    ForgetNode: unary(gate, { role: 'operator', action: 'node forget', object: (request) => request.node, detail: ({ why }) => why }, async ({ node, why }, who) => {
      if (why === '') throw badRequest('say why with --why: forgetting a node frees its slot though nobody knows what its host is doing');
      return await controller.command(async () => {
        const view = state.nodes.get(node);
        if (view === undefined && !state.ledger.slots.has(node)) throw notFound('node', node, 'farrier node ls');
        const slot = state.ledger.slots.get(node);
        // A host that is away for good would count as unavailable for ever; one that is here speaks for itself.
        if (slot === undefined && view?.session.state === 'connected') throw refused(`${node} is connected and holds no slot: there is nothing to forget`);
        await log.ledger([{ type: 'slot-forgotten', epoch: state.epoch, node, by: who.name, why }]);
        return { slotsReturned: slot === undefined ? [] : [`${slot.rollout} generation ${slot.generation}`] };
      });
    }),

    RemoveNode: unary(gate, { role: 'admin', action: 'node remove', object: (request) => request.node, detail: ({ why }) => why }, async ({ node, why }) => {
      const view = state.nodes.get(node);
      if (view === undefined) throw notFound('node', node, 'farrier node ls');
      if (why === '') throw badRequest('say why with --why: the node loses its certificate and has to enroll again');
      await controller.command(async () => {
        if (state.ledger.slots.has(node)) {
          throw refused(`${node} holds a slot: wait for it to end, or first \`farrier node forget ${node} --why ...\``);
        }
        await parts.expel(node, why);
        state.nodes.delete(node);
      });
      return {};
    }),

    ApproveNode: unary(gate, { role: 'operator', action: 'node approve', object: ({ node, reject }) => (reject ? `${node} --reject` : node) }, async ({ node, reject }) => {
      const record = await (reject ? parts.reject(node) : parts.approve(node));
      if (record === null) throw refused(`no enrollment of ${node} awaits approval; \`farrier node ls\` shows which do`);
      await controller.command(async () => updateNode(state, node, (view) => ({ ...view, record, facts: reject ? view.facts : null })));
      return {};
    }),
  };
}

function nodeMessage(world: World, view: NodeView, clock: Clock) {
  const { record, session, journal } = view;
  const now = nowOf(clock);
  const hello = session.state === 'silent' ? null : session.hello;
  const silentForMs = session.state === 'connected' ? 0 : now.monotonicMs - session.sinceMonotonicMs;
  return {
    ...{ name: record.name, labels: record.labels, cluster: record.cluster, zone: record.zone, site: record.site },
    session: record.approved ? session.state : 'pending-approval',
    unavailableReason: unavailableReason(world, now, view) ?? '',
    lastSeenUnixMs: session.state === 'silent' ? 0 : now.wallUnixMs - silentForMs,
    agentVersion: hello?.agentVersion ?? '',
    osRelease: hello?.osRelease ?? '',
    architecture: hello?.architecture ?? '',
    slotRollout: world.ledger.slots.get(record.name)?.rollout ?? '',
    generation: Math.max(0, ...journal.assignments.keys()),
    pendingApproval: Boolean(record.pending),
    pendingMachineId: record.pending?.identity.machineId ?? '',
    pendingSinceUnixMs: record.pending?.enrolledUnixMs ?? 0,
  };
}
