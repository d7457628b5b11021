import type { HelloFacts, PermitRequestView } from '../../coordinator/core/world.ts';
import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import type { Dice } from '../support/seeded-dice.ts';
import type { Faults } from './faults.ts';

export type FromAgent =
  | { readonly kind: 'hello'; readonly hello: HelloFacts }
  | { readonly kind: 'reports'; readonly records: readonly JournalRecord[] }
  | { readonly kind: 'permit-request'; readonly request: PermitRequestView }
  | { readonly kind: 'lost' };

export interface Command {
  readonly rollout: string;
  readonly generation: number;
  readonly epoch: number;
  readonly digest: string;
}

export type ToAgent =
  | { readonly kind: 'welcome'; readonly journalId: string; readonly sequence: number; readonly epoch: number }
  | { readonly kind: 'ack'; readonly journalId: string; readonly sequence: number }
  | ({ readonly kind: 'assignment' } & Command)
  | ({ readonly kind: 'permit'; readonly requestId: string; readonly validForMs: number } & Command)
  | { readonly kind: 'permit-offer'; readonly rollout: string; readonly generation: number }
  | { readonly kind: 'recall'; readonly rollout: string; readonly generation: number };

export interface Delayed {
  readonly atTick: number;
  readonly message: ToAgent;
}

/**
 * One session. What the agent sends keeps its order, as on a TCP stream; commands may be lost, doubled and swapped,
 * which is worse than real. So are ghosts: commands of a session that is over and that reach the agent all the same.
 */
export class Wire {
  readonly node: string;
  readonly coordinator: string;
  agentOpen = true;
  coordinatorOpen = true;
  readonly #up: { readonly atTick: number; readonly message: FromAgent }[] = [];
  readonly #down: Delayed[] = [];
  readonly #dice: Dice;
  readonly #faults: Faults;

  constructor(node: string, coordinator: string, dice: Dice, faults: Faults) {
    this.node = node;
    this.coordinator = coordinator;
    this.#dice = dice;
    this.#faults = faults;
  }

  fromAgent(tick: number, message: FromAgent): void {
    const atTick = Math.max(this.#up.at(-1)?.atTick ?? 0, tick + this.#delay());
    this.#up.push({ atTick, message });
  }

  toAgent(tick: number, message: ToAgent): void {
    const canFail = isCommand(message);
    if (canFail && this.#dice.chance(this.#faults.loss)) return;
    const copies = canFail && this.#dice.chance(this.#faults.duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) this.#down.push({ atTick: tick + this.#delay(), message });
  }

  /** The agent hangs up or dies; the coordinator notices later, after what was still on its way. @returns the ghosts. */
  breakOff(tick: number): readonly Delayed[] {
    this.agentOpen = false;
    const ghosts = this.#down.splice(0).filter(({ message }) => isCommand(message) && this.#dice.chance(this.#faults.ghosts));
    if (this.#dice.chance(0.5)) this.#up.length = 0;
    this.fromAgent(tick + this.#dice.int(0, 3), { kind: 'lost' });
    return ghosts.map(({ atTick, message }) => ({ atTick: atTick + this.#dice.int(1, 25), message }));
  }

  dueFromAgent(tick: number): FromAgent[] {
    const due = this.#up.findIndex(({ atTick }) => atTick > tick);
    return this.#up.splice(0, due === -1 ? this.#up.length : due).map(({ message }) => message);
  }

  dueToAgent(tick: number): ToAgent[] {
    const due = this.#down.filter(({ atTick }) => atTick <= tick);
    for (const entry of due) this.#down.splice(this.#down.indexOf(entry), 1);
    return due.map(({ message }) => message);
  }

  #delay(): number {
    return this.#dice.int(0, this.#faults.delayMaxTicks);
  }
}

/** Welcomes and acknowledgements belong to the stream itself. */
function isCommand({ kind }: ToAgent): boolean {
  return kind !== 'welcome' && kind !== 'ack';
}
