import { PROOF_PHASES, type ProofPhase } from '../../../shared/domain/proof-record.ts';
import type { Clock } from '../../../shared/ports/clock.ts';

/** How long each phase of a proof took. */
export class PhaseTimes {
  readonly #clock: Clock;
  readonly #onPhase: (phase: ProofPhase) => void;
  readonly #elapsedMs = new Map<ProofPhase, number>();
  #current: ProofPhase = 'prepare';
  #reached: ProofPhase = 'prepare';
  #sinceMs: number;

  constructor(clock: Clock, onPhase: (phase: ProofPhase) => void) {
    this.#clock = clock;
    this.#onPhase = onPhase;
    this.#sinceMs = clock.monotonicMs();
  }

  /** The last one of the proof itself: cleaning comes after everything. */
  get reached(): ProofPhase {
    return this.#reached;
  }

  enter(phase: ProofPhase): void {
    this.#close();
    this.#current = phase;
    if (phase !== 'clean') this.#reached = phase;
    this.#onPhase(phase);
  }

  /** Until now; what was not entered took no time. */
  elapsedMs(): Readonly<Record<ProofPhase, number>> {
    this.#close();
    return Object.fromEntries(PROOF_PHASES.map((phase) => [phase, this.#elapsedMs.get(phase) ?? 0])) as Record<ProofPhase, number>;
  }

  #close(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#elapsedMs.set(this.#current, (this.#elapsedMs.get(this.#current) ?? 0) + nowMs - this.#sinceMs);
    this.#sinceMs = nowMs;
  }
}
