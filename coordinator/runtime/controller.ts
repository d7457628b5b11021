import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import { decide } from '../core/decide.ts';
import type { Decision } from '../core/decision.ts';
import { hold } from '../core/hold.ts';
import { isStoreFull, StoreError } from '../ports/store-error.ts';
import { Deposed } from './deposed.ts';
import type { FleetLog } from './fleet-log.ts';
import { type FleetState, nowOf } from './fleet-state.ts';
import type { Performed, Performer } from './perform.ts';
import { SerialQueue } from './serial-queue.ts';

/** Without any news a tick still comes this often: time itself opens waves and loses sessions. */
const TICK_EVERY_MS = 1_000;
/** News that come close together share one tick. */
const GATHER_MS = 10;
/** A store without room says so this often. */
const SAY_FULL_EVERY_MS = 60_000;
/** One tick's appends can make the next decision possible; more rounds than this would be a loop between two rules. */
const ROUNDS_MAX = 20;

/**
 * The one scheduler: observe, decide, append, act. A tick and a person's command never overlap, so that no slot is
 * granted by a decision made before a pause.
 */
export class Controller {
  readonly #state: FleetState;
  readonly #log: FleetLog;
  readonly #performer: Performer;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #queue = new SerialQueue();
  readonly #listeners = new Set<() => void>();
  #saidFullMs: number | null = null;
  #news = false;
  #woken: () => void = () => undefined;

  constructor(state: FleetState, log: FleetLog, performer: Performer, clock: Clock, logger: Logger) {
    this.#state = state;
    this.#log = log;
    this.#performer = performer;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Ticks until aborted. Without room in the store nothing is decided, and nothing is lost: the next tick decides anew.
   * @throws Deposed, or whatever else the store throws: the process must then end.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Learnt from a command or a report, not from a tick.
      if (this.#log.broken !== null) throw this.#log.broken;
      await this.#queue.run(() => this.#tick()).then(
        () => this.#saysRoom(),
        (error: unknown) => this.#saysFull(error),
      );
      await this.#nextTick(signal);
    }
  }

  /** Something changed: tick soon. */
  wake(): void {
    this.#news = true;
    this.#woken();
    this.#tell();
  }

  /** Runs a person's command between two ticks, then ticks. */
  async command<T>(work: () => Promise<T>): Promise<T> {
    const result = await this.#queue.run(work);
    this.wake();
    return result;
  }

  /** Calls back after every change; for those who watch. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #saysFull(error: unknown): void {
    if (!isStoreFull(error)) throw error;
    const nowMs = this.#clock.monotonicMs();
    if (this.#saidFullMs !== null && nowMs - this.#saidFullMs < SAY_FULL_EVERY_MS) return;
    this.#saidFullMs = nowMs;
    this.#logger.error('no room in the store: no slot is granted and no command taken', { why: error.message, remedy: error.remedy });
  }

  #saysRoom(): void {
    if (this.#saidFullMs === null) return;
    this.#saidFullMs = null;
    this.#logger.info('the store has room again; the fleet goes on');
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  async #tick(): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      this.#news = false;
      const decisions = decide(this.#state, nowOf(this.#clock));
      let appended = false;
      for (const decision of decisions) {
        // I1 counts all that is known at the moment of the grant: what came in while other logs were appended counts too.
        if (this.#news && isGrant(decision)) {
          appended = true;
          break;
        }
        if (decision.kind === 'ledger') await this.#log.ledger(decision.events);
        else if (decision.kind === 'rollout') await this.#log.rollout(decision.rollout, decision.events);
        else if (!(await this.#perform(decision))) continue;
        appended = true;
      }
      if (!appended) return;
      this.#tell();
    }
    this.#logger.error('decisions did not settle in one tick', { rounds: ROUNDS_MAX });
  }

  /** Isolation: what cannot be carried out for one rollout holds that one; a store that failed is everybody's affair. */
  async #perform(decision: Performed): Promise<boolean> {
    try {
      return await this.#performer.perform(decision);
    } catch (error) {
      if (error instanceof Deposed || error instanceof StoreError) throw error;
      this.#logger.error('a decision could not be carried out; its rollout is held', { rollout: decision.rollout, kind: decision.kind, error });
      const rollout = this.#state.rollouts.get(decision.rollout);
      const events = rollout === undefined ? [] : hold(rollout, nowOf(this.#clock), error).events;
      if (events.length > 0) await this.#log.rollout(decision.rollout, events);
      return events.length > 0;
    }
  }

  async #nextTick(signal: AbortSignal): Promise<void> {
    if (!this.#news) {
      const rest = new AbortController();
      this.#woken = () => rest.abort();
      await this.#clock.sleep(TICK_EVERY_MS, AbortSignal.any([signal, rest.signal])).catch(() => undefined);
    }
    await this.#clock.sleep(GATHER_MS, signal).catch(() => undefined);
  }
}

function isGrant(decision: Decision): boolean {
  return decision.kind === 'ledger' && decision.events.some(({ type }) => type === 'slots-taken');
}
