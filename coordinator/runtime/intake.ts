import type { NodeName } from '../../shared/domain/ids.ts';
import type { HostFacts } from '../../shared/domain/host-facts.ts';
import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { UnreadReport } from '../core/node-event.ts';
import { holdsAll } from '../core/node-journal.ts';
import type { HelloFacts, PermitRequestView } from '../core/world.ts';
import { isStoreFull } from '../ports/store-error.ts';
import type { FleetLog } from './fleet-log.ts';
import { type FleetState, updateNode } from './fleet-state.ts';
import { SerialQueue } from './serial-queue.ts';

/** One line of a terminal or three. */
const REFUSAL_MAX_LENGTH = 500;

/** What agents tell, kept and folded. Reports are durable before they are acknowledged; the rest lives with the session. */
export class Intake {
  readonly #state: FleetState;
  readonly #log: FleetLog;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #changed: () => void;
  readonly #queues = new Map<NodeName, SerialQueue>();
  readonly #commandedThisEpoch = new Set<NodeName>();

  constructor(state: FleetState, log: FleetLog, clock: Clock, logger: Logger, changed: () => void) {
    this.#state = state;
    this.#log = log;
    this.#clock = clock;
    this.#logger = logger;
    this.#changed = changed;
  }

  /** @returns the key of the last report held, for the welcome. */
  connected(node: NodeName, hello: HelloFacts): { readonly journalId: string; readonly journalSequence: number } {
    updateNode(this.#state, node, (view) => ({
      ...view,
      permitRequest: null,
      refusal: null,
      session: { state: 'connected', sinceMonotonicMs: this.#clock.monotonicMs(), reported: holdsAll(view.journal, hello), hello },
    }));
    this.#changed();
    const { journal } = this.#view(node);
    return { journalId: journal.journalId, journalSequence: journal.lastSequence };
  }

  lost(node: NodeName): void {
    if (!this.#state.nodes.has(node)) return;
    updateNode(this.#state, node, (view) =>
      view.session.state === 'connected'
        ? { ...view, permitRequest: null, session: { state: 'lost', sinceMonotonicMs: this.#clock.monotonicMs(), hello: view.session.hello } }
        : view,
    );
    this.#changed();
  }

  /** Keeps the records that are new. Resolves when they are durable: then the caller acknowledges the last one. */
  async reports(node: NodeName, records: readonly (JournalRecord | UnreadReport)[]): Promise<void> {
    await this.#queueOf(node).run(async () => {
      // Removed while its last words were on their way.
      if (!this.#state.nodes.has(node)) return;
      const { journal } = this.#view(node);
      const fresh = records.filter((record) => record.journalId !== journal.journalId || record.sequence > journal.lastSequence);
      if (fresh.length > 0) await this.#log.reports(node, fresh);
      if (!this.#state.nodes.has(node)) return;
      updateNode(this.#state, node, (view) => {
        const { session } = view;
        const reported = session.state === 'connected' && (session.reported || holdsAll(view.journal, session.hello));
        return { ...view, refusal: null, session: session.state === 'connected' ? { ...session, reported } : session };
      });
    });
    const last = records.at(-1);
    this.#logger.debug('reports kept', { node, count: records.length, last: last?.kind });
    this.#changed();
  }

  /** What an agent tells of its host; null where it told nothing that can be read. What it told before is written once. */
  async factsTold(node: NodeName, facts: HostFacts | null): Promise<void> {
    await this.#queueOf(node).run(async () => {
      const view = this.#state.nodes.get(node);
      if (view === undefined || JSON.stringify(view.facts?.facts ?? null) === JSON.stringify(facts)) return;
      try {
        await this.#log.facts(node, facts === null ? null : { facts, sinceUnixMs: this.#clock.wallUnixMs() });
      } catch (error) {
        if (!isStoreFull(error)) throw error;
        // Nothing hangs on them that is not asked of the host again.
        this.#logger.warn('facts not kept', { node, why: error.message });
      }
      this.#changed();
    });
  }

  /** What the agent did not take and did not journal either. Shown until it says something else. */
  refused(node: NodeName, code: string, detail: string): void {
    if (!this.#state.nodes.has(node)) return;
    updateNode(this.#state, node, (view) => ({ ...view, refusal: { code, detail: detail.slice(0, REFUSAL_MAX_LENGTH), sinceUnixMs: this.#clock.wallUnixMs() } }));
    this.#changed();
  }

  permitRequested(node: NodeName, request: PermitRequestView): void {
    if (!this.#state.nodes.has(node)) return;
    updateNode(this.#state, node, (view) => ({ ...view, permitRequest: request }));
    this.#changed();
  }

  /**
   * Agents remember the highest epoch that commanded them. One that is above ours, or equal to ours though we have not
   * yet commanded that agent, means that the store lost its tail: some leader of the lost time used that number.
   * @returns the epoch that this leader must exceed, or null.
   */
  epochToExceed(node: NodeName, hello: HelloFacts): number | null {
    const ours = this.#state.epoch;
    if (hello.highestEpoch > ours) return hello.highestEpoch;
    return hello.highestEpoch === ours && !this.#commandedThisEpoch.has(node) ? hello.highestEpoch : null;
  }

  commanded(node: NodeName): void {
    this.#commandedThisEpoch.add(node);
  }

  epochRaised(): void {
    this.#commandedThisEpoch.clear();
  }

  #view(node: NodeName) {
    const view = this.#state.nodes.get(node);
    if (view === undefined) throw new Error(`node ${node} is not in the fleet`);
    return view;
  }

  #queueOf(node: NodeName): SerialQueue {
    const queue = this.#queues.get(node) ?? new SerialQueue();
    this.#queues.set(node, queue);
    return queue;
  }
}
