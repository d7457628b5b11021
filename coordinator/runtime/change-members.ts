import type { NodeName } from '../../shared/domain/ids.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { NodeRecord } from '../core/world.ts';
import type { EventStore } from '../ports/event-store.ts';
import { approveNode, getEnrolledNode, rejectPendingNode, removeNode } from '../trust/node-registry.ts';
import { revoke } from '../trust/revocations.ts';
import { type FleetState, updateNode } from './fleet-state.ts';
import { newNodeView } from './load-state.ts';
import { keepFacts } from './told-facts.ts';

/** Lets a node that was just enrolled into the state; one that is known keeps what is known of it. */
export async function admitNode(state: FleetState, store: EventStore, name: NodeName, clock: Clock): Promise<void> {
  const record = await getEnrolledNode(store, name);
  if (record === null) return;
  if (state.nodes.has(name)) updateNode(state, name, (view) => ({ ...view, record }));
  else state.nodes.set(name, await newNodeView(store, record, clock));
}

/** @returns the record of the host that is the node now, or null where none waited. */
export async function approvedNode(store: EventStore, name: NodeName): Promise<NodeRecord | null> {
  const change = await approveNode(store, name);
  // Those are of the host before.
  if (change.ok) await keepFacts(store, name, null);
  return change.ok ? change.node : null;
}

/** @returns the record of the node that stays, or null where no host waited under its name. */
export async function rejectedNode(store: EventStore, name: NodeName): Promise<NodeRecord | null> {
  const change = await rejectPendingNode(store, name);
  return change.ok ? change.node : null;
}

/** Revokes what the node could speak with and forgets its record. Its log stays: it is history. */
export async function expelNode(store: EventStore, name: NodeName, why: string, clock: Clock): Promise<void> {
  const node = await getEnrolledNode(store, name);
  if (node === null) return;
  const by = 'farrier node remove';
  await revoke(store, { id: node.identity.enrollment, kind: 'enrollment', subject: `node/${name}`, why, by, revokedUnixMs: clock.wallUnixMs() });
  await keepFacts(store, name, null);
  await removeNode(store, name);
}
