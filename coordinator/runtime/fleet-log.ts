import type { RolloutId, NodeName } from '../../shared/domain/ids.ts';
import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { LedgerEvent } from '../core/ledger-event.ts';
import { evolveLedger } from '../core/ledger.ts';
import type { NodeEvent, UnreadReport } from '../core/node-event.ts';
import { evolveNodeJournal } from '../core/node-journal.ts';
import type { RolloutEvent, RolloutEventBody } from '../core/rollout-event.ts';
import { foldRollout } from '../core/rollout.ts';
import type { ToldFacts } from '../core/world.ts';
import type { EventStore } from '../ports/event-store.ts';
import { StoreError } from '../ports/store-error.ts';
import { Deposed } from './deposed.ts';
import { type FleetState, updateNode } from './fleet-state.ts';
import { LEDGER_STREAM, nodeStream, rolloutStream } from './streams.ts';
import { keepFacts } from './told-facts.ts';

/**
 * The only writer of ledger, rollout and node logs: appends with compare-and-swap and takes them into the state.
 * Whoever awaited a method may send what follows from it. They are folded first: an event that is illegal throws before it
 * is durable, else every start would fall over it. @throws Deposed where somebody else wrote in between.
 */
export class FleetLog {
  readonly #store: EventStore;
  readonly #state: FleetState;
  readonly #clock: Clock;
  #broken: Error | null = null;

  constructor(store: EventStore, state: FleetState, clock: Clock) {
    this.#store = store;
    this.#state = state;
    this.#clock = clock;
  }

  async ledger(events: readonly LedgerEvent[]): Promise<void> {
    const before = this.#state.ledger.sequence;
    const after = events.reduce((ledger, event, index) => evolveLedger(ledger, before + index + 1, event), this.#state.ledger);
    await this.#append(LEDGER_STREAM, before, events);
    this.#state.ledger = after;
  }

  /** The first event of a rollout must be `started`. */
  async rollout(id: RolloutId, events: readonly RolloutEvent[]): Promise<void> {
    const before = this.#state.rollouts.get(id) ?? null;
    const sequence = before?.sequence ?? 0;
    const after = foldRollout(id, before, sequence + 1, events);
    await this.#append(rolloutStream(id), sequence, events);
    this.#state.rollouts.set(id, after);
  }

  async rolloutNow(id: RolloutId, ...bodies: readonly RolloutEventBody[]): Promise<void> {
    const wallUnixMs = this.#clock.wallUnixMs();
    await this.rollout(
      id,
      bodies.map((body) => ({ ...body, wallUnixMs })),
    );
  }

  /** Keeps reports durably; the caller acknowledges them afterwards. One caller a node at a time. */
  async reports(node: NodeName, records: readonly (JournalRecord | UnreadReport)[]): Promise<void> {
    const before = this.#state.nodeLogs.get(node) ?? 0;
    const receivedUnixMs = this.#clock.wallUnixMs();
    const events = records.map((record): NodeEvent =>
      record.kind === 'unread' ? { type: 'report-unread', report: record, receivedUnixMs } : { type: 'report', record, receivedUnixMs },
    );
    await this.#append(nodeStream(node), before, events);
    this.#state.nodeLogs.set(node, before + events.length);
    // A node that was removed meanwhile keeps its log; there is no view to fold into.
    if (!this.#state.nodes.has(node)) return;
    updateNode(this.#state, node, (view) => ({ ...view, journal: events.reduce(evolveNodeJournal, view.journal) }));
  }

  /** Keeps what a host told of itself, and takes it into the state. One caller a node at a time. */
  async facts(node: NodeName, told: ToldFacts | null): Promise<void> {
    await keepFacts(this.#store, node, told);
    if (this.#state.nodes.has(node)) updateNode(this.#state, node, (view) => ({ ...view, facts: told }));
  }

  /**
   * Looks whether the ledger is still where this leader left it. A rollout's log is fenced by its own sequence only, so
   * a leader that was deposed a moment ago could still sign a permit for a slot that it once took. @throws Deposed
   */
  async assertLeading(): Promise<void> {
    const { sequence } = this.#state.ledger;
    const tail = (await this.#store.read(LEDGER_STREAM, sequence, 1)).at(0);
    if (tail === undefined) return;
    this.#broken = new Deposed(LEDGER_STREAM, sequence, tail.sequence);
    throw this.#broken;
  }

  /** Why nothing may be written here any more: somebody else leads, or nobody knows what became of a write. */
  get broken(): Error | null {
    return this.#broken;
  }

  async #append(stream: string, expected: number, events: readonly object[]): Promise<void> {
    if (this.#broken !== null) throw this.#broken;
    try {
      const result = await this.#store.append(stream, expected, events);
      if (!result.ok) throw new Deposed(stream, expected, result.actualSequence);
    } catch (error) {
      // Whoever asked may be a person, who only hears that it failed: what is in memory is not to be acted on all the same.
      if (!keptNothing(error)) this.#broken = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
  }
}

/** The store says so itself; after any other failure the write may have arrived. */
function keptNothing(error: unknown): boolean {
  return error instanceof StoreError && (error.code === 'store-full' || error.code === 'store-too-large');
}
