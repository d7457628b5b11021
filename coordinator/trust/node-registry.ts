import type { NodeName } from '../../shared/domain/ids.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import type { EventStore } from '../ports/event-store.ts';
import { NODE_PREFIX, readEnrolledNode, type EnrolledNode } from './enrolled-node.ts';
import { updateRecord } from './update-record.ts';

export type NodeChange = { readonly ok: true; readonly node: EnrolledNode } | Failure<'node-unknown' | 'nothing-pending'>;

export async function getEnrolledNode(store: EventStore, name: NodeName): Promise<EnrolledNode | null> {
  const record = await store.getRecord(NODE_PREFIX + name);
  return record === null ? null : readEnrolledNode(record.value);
}

/** The waiting host becomes the node; every certificate of the one before is superseded from here on. The caller ends the old session. */
export async function approveNode(store: EventStore, name: NodeName): Promise<NodeChange> {
  return await changeNode(store, name, (node) => {
    if (node.pending === null) return null;
    return { name, approved: true, ...node.pending, pending: null };
  });
}

/** The waiting host is turned away; the present owner of the name stays. */
export async function rejectPendingNode(store: EventStore, name: NodeName): Promise<NodeChange> {
  return await changeNode(store, name, (node) => (node.pending === null ? null : { ...node, pending: null }));
}

/** Forgets who may speak as this node: its certificates are refused at once. Idempotent. The caller ends the session. */
export async function removeNode(store: EventStore, name: NodeName): Promise<void> {
  await updateRecord(store, NODE_PREFIX + name, (value) => ({ write: value === null ? null : 'delete', result: undefined }));
}

async function changeNode(store: EventStore, name: NodeName, change: (node: EnrolledNode) => EnrolledNode | null): Promise<NodeChange> {
  return await updateRecord<NodeChange>(store, NODE_PREFIX + name, (value) => {
    if (value === null) return { write: null, result: failure('node-unknown', `no node is called ${name}; \`farrier node ls\` lists them`) };
    const node = change(readEnrolledNode(value));
    if (node === null) return { write: null, result: failure('nothing-pending', `no host waits for approval as ${name}`) };
    return { write: node, result: { ok: true, node } };
  });
}
