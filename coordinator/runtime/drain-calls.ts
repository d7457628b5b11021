import type { Generation, NodeName } from '../../shared/domain/ids.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { Decision } from '../core/decision.ts';
import { type DrainAnswer, lastAnswer } from '../core/draining.ts';
import type { Cordon, Drain, DrainTrouble } from '../ports/drain.ts';
import { type FleetState, updateNode } from './fleet-state.ts';

/** The same is asked of a node again after this long: another pass over its pods, or another try. */
const ASK_AGAIN_AFTER_MS = 5_000;
/** A call that takes longer has failed; nobody knows what it did. */
const CALL_MAX_MS = 60_000;
/** More at once would be more than a weak API server takes. */
const CALLS_MAX = 50;

export type DrainDecision = Extract<Decision, { readonly kind: 'cordon' | 'drain' | 'restore' }>;

/**
 * Asks clusters for what was decided about cordons, outside the tick: one call a node at a time, so that one that hangs holds
 * up nobody else. Answers stand in the state; what is lost with this process is asked again by the next one.
 */
export class DrainCalls {
  readonly #state: FleetState;
  readonly #drain: Drain;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #changed: () => void;
  readonly #stop = new AbortController();
  readonly #inFlight = new Set<NodeName>();
  readonly #endedMs = new Map<NodeName, { readonly key: string; readonly atMs: number }>();
  /** Nodes of which a look that has begun may tell what is no longer so. */
  #touched = new Set<NodeName>();

  constructor(parts: {
    readonly state: FleetState;
    readonly drain: Drain;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly changed: () => void;
  }) {
    this.#state = parts.state;
    this.#drain = parts.drain;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#changed = parts.changed;
  }

  /** Begins what was decided, unless the node is being asked for something, or was asked for the same a moment ago. */
  ask(decision: DrainDecision): void {
    const { kind, node, generation } = decision;
    const last = this.#endedMs.get(node);
    const isTooSoon = last?.key === `${kind} ${generation}` && this.#clock.monotonicMs() - last.atMs < ASK_AGAIN_AFTER_MS;
    if (isTooSoon || this.#inFlight.has(node) || this.#inFlight.size >= CALLS_MAX || this.#stop.signal.aborted) return;
    this.#inFlight.add(node);
    this.#begin(node, generation);
    void this.#call(decision).finally(() => {
      this.#inFlight.delete(node);
      this.#endedMs.set(node, { key: `${kind} ${generation}`, atMs: this.#clock.monotonicMs() });
      this.#changed();
    });
  }

  /** Takes in which nodes bear a cordon. What calls did meanwhile outweighs what was seen. @returns what went wrong, or null. */
  async look(signal: AbortSignal): Promise<DrainTrouble | null> {
    this.#touched = new Set(this.#inFlight);
    const seen = await this.#drain.cordoned(this.#state.fleet, signal);
    if (!seen.ok) return seen;
    const cordons = new Map(seen.nodes);
    for (const node of this.#touched) setOrDelete(cordons, node, this.#state.cordons?.get(node));
    this.#state.cordons = cordons;
    this.#changed();
    return null;
  }

  /** Ends every call; nothing of them is taken in any more. */
  close(): void {
    this.#stop.abort();
  }

  async #call(decision: DrainDecision): Promise<void> {
    const { kind, rollout, node, generation } = decision;
    const by: Cordon = { fleet: this.#state.fleet, rollout, epoch: this.#state.epoch };
    const answer = await this.#answerOf(kind, node, by);
    if (this.#stop.signal.aborted) return;
    if (nameOf(answer) !== nameOf(lastAnswer(this.#state, node, generation))) this.#say(decision, answer);
    if (answer.ok && answer.state === 'cordoned') this.#takeIn(node, by);
    if (answer.ok && answer.state === 'restored') this.#takeIn(node, undefined);
    this.#answered(node, generation, answer);
  }

  /** Isolation: whatever a call throws is trouble of its node alone. */
  async #answerOf(kind: DrainDecision['kind'], node: NodeName, by: Cordon): Promise<DrainAnswer> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(CALL_MAX_MS)]);
    try {
      if (kind === 'drain') return await this.#drain.drain(node, by, signal);
      const result = await this.#drain[kind](node, by, signal);
      return result.ok ? { ok: true, state: kind === 'cordon' ? 'cordoned' : 'restored' } : result;
    } catch (error) {
      return { ok: false, code: 'api-unreachable', message: error instanceof Error ? error.message : String(error), object: '' };
    }
  }

  /** A drain that is tried every few seconds says each thing once. */
  #say(decision: DrainDecision, answer: DrainAnswer): void {
    if (answer.ok) this.#logger.info(SAYINGS[answer.state], { ...decision });
    else this.#logger.warn('the cluster did not do what it was asked for', { ...decision, code: answer.code, why: answer.message });
  }

  #begin(node: NodeName, generation: Generation): void {
    this.#touched.add(node);
    this.#updateNode(node, generation, (last) => last);
  }

  #answered(node: NodeName, generation: Generation, answer: DrainAnswer): void {
    this.#touched.add(node);
    this.#updateNode(node, generation, () => answer);
  }

  /** The time of a slot's drain is counted from its first call. */
  #updateNode(node: NodeName, generation: Generation, next: (last: DrainAnswer | null) => DrainAnswer | null): void {
    if (!this.#state.nodes.has(node)) return;
    updateNode(this.#state, node, (view) => {
      const before = view.drain?.generation === generation ? view.drain : { generation, sinceMonotonicMs: this.#clock.monotonicMs(), last: null };
      return { ...view, drain: { ...before, last: next(before.last) } };
    });
  }

  #takeIn(node: NodeName, cordon: Cordon | undefined): void {
    const cordons = new Map(this.#state.cordons);
    setOrDelete(cordons, node, cordon);
    this.#state.cordons = cordons;
  }
}

const SAYINGS: Readonly<Record<Extract<DrainAnswer, { readonly ok: true }>['state'], string>> = {
  cordoned: 'cordoned',
  leaving: 'pods are leaving',
  blocked: 'pods may not leave',
  drained: 'drained',
  restored: 'uncordoned',
};

function nameOf(answer: DrainAnswer | null): string {
  if (answer === null) return '';
  return answer.ok ? answer.state : answer.code;
}

function setOrDelete(cordons: Map<NodeName, Cordon>, node: NodeName, cordon: Cordon | undefined): void {
  if (cordon === undefined) cordons.delete(node);
  else cordons.set(node, cordon);
}
