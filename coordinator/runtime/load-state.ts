import type { FleetName, NodeName } from '../../shared/domain/ids.ts';
import { DEFAULT_POLICY, type FleetPolicy } from '../../shared/domain/policy.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { LedgerEvent } from '../core/ledger-event.ts';
import { emptyLedger, evolveLedger, type LedgerState } from '../core/ledger.ts';
import type { NodeEvent } from '../core/node-event.ts';
import { emptyNodeJournal, evolveNodeJournal, type NodeJournal } from '../core/node-journal.ts';
import type { RolloutEvent } from '../core/rollout-event.ts';
import { foldRollout, type RolloutState } from '../core/rollout.ts';
import type { NodeRecord, NodeView, ToldFacts } from '../core/world.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { FleetState } from './fleet-state.ts';
import { readAll } from './read-all.ts';
import { LEDGER_STREAM, NODE_PREFIX, nodeStream, POLICY_RECORD, ROLLOUT_PREFIX } from './streams.ts';
import { loadFacts } from './told-facts.ts';

/** Folds the whole store. Every node is `silent` until its agent reports: what the store says of hosts may be old. */
export async function loadState(store: EventStore, fleet: FleetName, clock: Clock): Promise<FleetState> {
  const state: FleetState = {
    fleet,
    epoch: 0,
    policy: await loadPolicy(store),
    ledger: await loadLedger(store),
    nodes: new Map(),
    nodeLogs: new Map(),
    rollouts: new Map(),
  };
  const journals = new Map<NodeName, NodeJournal>();
  for (const stream of await store.streams(NODE_PREFIX)) {
    const name = stream.slice(NODE_PREFIX.length);
    const { journal, sequence } = await loadNodeJournal(store, name);
    state.nodeLogs.set(name, sequence);
    journals.set(name, journal);
  }
  const told = await loadFacts(store);
  for (const { value } of await store.listRecords(NODE_PREFIX)) {
    const record = value as NodeRecord;
    state.nodes.set(record.name, viewOf(record, journals.get(record.name) ?? emptyNodeJournal(), told.get(record.name) ?? null, clock));
  }
  for (const stream of await store.streams(ROLLOUT_PREFIX)) {
    const rollout = await loadRollout(store, stream);
    if (rollout !== null) state.rollouts.set(rollout.id, rollout);
  }
  return state;
}

/** What is known of a node before its agent has said anything: its record and the journal it reported earlier. */
export async function newNodeView(store: EventStore, record: NodeRecord, clock: Clock): Promise<NodeView> {
  const { journal } = await loadNodeJournal(store, record.name);
  return viewOf(record, journal, null, clock);
}

function viewOf(record: NodeRecord, journal: NodeJournal, facts: ToldFacts | null, clock: Clock): NodeView {
  const session = { state: 'silent', sinceMonotonicMs: clock.monotonicMs() } as const;
  return { record, session, journal, permitRequest: null, cluster: null, facts };
}

async function loadLedger(store: EventStore): Promise<LedgerState> {
  let ledger = emptyLedger();
  for await (const { sequence, event } of readAll(store, LEDGER_STREAM)) {
    ledger = evolveLedger(ledger, sequence, event as LedgerEvent);
  }
  return ledger;
}

async function loadPolicy(store: EventStore): Promise<FleetPolicy> {
  const record = await store.getRecord(POLICY_RECORD);
  // One that was put before a field existed has its default.
  return { ...DEFAULT_POLICY, ...(record?.value as { readonly policy: FleetPolicy } | undefined)?.policy };
}

async function loadNodeJournal(store: EventStore, name: string): Promise<{ journal: NodeJournal; sequence: number }> {
  let journal = emptyNodeJournal();
  let last = 0;
  for await (const { sequence, event } of readAll(store, nodeStream(name))) {
    journal = evolveNodeJournal(journal, event as NodeEvent);
    last = sequence;
  }
  return { journal, sequence: last };
}

async function loadRollout(store: EventStore, stream: string): Promise<RolloutState | null> {
  const id = stream.slice(ROLLOUT_PREFIX.length);
  const events: RolloutEvent[] = [];
  for await (const { sequence, event } of readAll(store, stream)) {
    if (sequence !== events.length + 1) throw new Error(`event ${sequence} of rollout ${id} follows ${events.length}`);
    events.push(event as RolloutEvent);
  }
  // At once: each fold copies what it changes, which for one event at a time grows with the square of the fleet.
  return events.length === 0 ? null : foldRollout(id, null, 1, events);
}
