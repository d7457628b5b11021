import type { HelloFacts } from '../../coordinator/core/world.ts';
import { type JournalRecord, type Outcome, type RecordKind, WHOLE_SEQUENCE } from '../../shared/domain/journal-record.ts';
import type { OutcomeCode } from '../../shared/domain/outcome.ts';
import type { Dice } from '../support/seeded-dice.ts';
import type { Faults } from './faults.ts';
import { START_MINOR } from './scenario.ts';
import type { Command, Delayed, ToAgent, Wire } from './wire.ts';

export const TICK_MS = 1_000;
const RESEND_TICKS = 4;
const STEPS = 2;
/** Then it asks anew. */
const QUESTION_TICKS_MAX = 32;

/** What is on the host's disk of the assignment at hand. */
interface Work extends Command {
  phase: 'accepted' | 'staged' | 'permitted' | 'active' | 'reverting' | 'stuck';
  ticksLeft: number;
  step: number;
  readonly fate: 'done' | 'reverted' | 'stuck' | 'unstageable';
}

/** Told of everything that counts as an effect on the host, with the command that allowed it. */
export interface Witness {
  /** A leader of this epoch greeted it: older ones are over for this host. */
  greeted(node: string, epoch: number): void;
  /** It took an assignment or a permit. */
  took(node: string, command: Command): void;
  began(node: string, command: Command): void;
  failed(node: string, rollout: string): void;
  /** Perhaps by a person, or under a later generation, after all. */
  finished(node: string, rollout: string): void;
}

/** What an agent holds to; anything else is a mistake to be caught. */
export interface AgentRules {
  readonly checksEpoch: boolean;
  /** Losing the link alone never reverts: null. */
  readonly revertsWhenCutOffTicks: number | null;
}

/** The agent's contract, written down a second time: journal, fencing, permits, recalls. Its journal survives everything. */
export class ModelAgent {
  readonly name: string;
  readonly journal: JournalRecord[] = [];
  wire: Wire | null = null;
  work: Work | null = null;
  offTicks = 0;
  dead = false;
  /** Minors of Kubernetes that it ran, with the rollout that brought each; the last one it runs now. */
  readonly ran: { readonly minor: number; readonly by: string }[] = [];
  readonly #dice: Dice;
  readonly #faults: Faults;
  readonly #witness: Witness;
  readonly #rules: AgentRules;
  #heardTick = 0;
  readonly #minors: ReadonlyMap<string, number>;
  #bootId = 'boot-1';
  #question: { readonly requestId: string; readonly generation: number; readonly sentTick: number } | null = null;
  #held: number | null = null;
  #welcomedEpoch = 0;
  #ghosts: readonly Delayed[] = [];
  #sentTick = 0;
  #sentLength = 0;
  #counter = 0;

  constructor(name: string, dice: Dice, faults: Faults, witness: Witness, rules: AgentRules, minors: ReadonlyMap<string, number>) {
    this.#minors = minors;
    this.ran.push({ minor: START_MINOR, by: '' });
    this.name = name;
    this.#dice = dice;
    this.#faults = faults;
    this.#witness = witness;
    this.#rules = rules;
  }

  /** In the middle of an upgrade: the truth that budgets are about. */
  get disrupted(): boolean {
    return this.work !== null && (this.work.phase === 'active' || this.work.phase === 'reverting' || this.work.phase === 'stuck');
  }

  get highestGeneration(): number {
    return this.journal.reduce((highest, record) => Math.max(highest, record.generation), 0);
  }

  /** Of every leader that ever greeted or commanded it: whoever is older commands no more. */
  get highestEpoch(): number {
    return this.journal.reduce((highest, record) => Math.max(highest, record.epoch), this.#welcomedEpoch);
  }

  dial(tick: number, wire: Wire): void {
    this.wire = wire;
    this.#held = null;
    wire.fromAgent(tick, { kind: 'hello', hello: this.#hello() });
  }

  /** kill -9: what was only in memory is gone; a power cut changes the boot id too. */
  crash(tick: number, powerCut: boolean): void {
    this.hangUp(tick);
    this.#question = null;
    if (this.work?.phase === 'permitted') this.work.phase = 'staged';
    if (powerCut) this.#bootId = `boot-${++this.#counter}`;
    this.offTicks = this.#dice.int(1, powerCut ? 30 : 3);
  }

  hangUp(tick: number): void {
    this.#ghosts = [...this.#ghosts, ...(this.wire?.breakOff(tick) ?? [])];
    this.wire = null;
  }

  receive(tick: number, message: ToAgent): void {
    this.#heardTick = tick;
    switch (message.kind) {
      case 'welcome':
        this.#witness.greeted(this.name, message.epoch);
        this.#welcomedEpoch = Math.max(this.#welcomedEpoch, message.epoch);
        this.#held = message.journalId === this.#journalId ? message.sequence : 0;
        return;
      case 'ack':
        this.#held = message.journalId === this.#journalId ? message.sequence : 0;
        return;
      case 'assignment':
        return this.#assigned(tick, message);
      case 'permit-offer':
        return this.#offered(tick, message.generation);
      case 'permit':
        return this.#permitted(tick, message);
      case 'recall':
        if (this.work?.generation === message.generation && !this.disrupted) this.#end(tick, 'refused', 'recalled');
    }
  }

  /** One tick of hearing, working and talking. */
  step(tick: number): void {
    const ghosts = this.#ghosts.filter(({ atTick }) => atTick <= tick);
    this.#ghosts = this.#ghosts.filter(({ atTick }) => atTick > tick);
    for (const { message } of [...(this.wire?.dueToAgent(tick).map((message) => ({ message })) ?? []), ...ghosts]) this.receive(tick, message);
    this.#proceed(tick);
    if (this.wire === null || this.#held === null) return;
    const hasNews = this.journal.length > this.#sentLength || tick - this.#sentTick >= RESEND_TICKS;
    if (this.journal.length <= this.#held || !hasNews) return;
    this.wire.fromAgent(tick, { kind: 'reports', records: this.journal.slice(this.#held) });
    [this.#sentTick, this.#sentLength] = [tick, this.journal.length];
  }

  /** A person on the host mends what the agent could not: break-glass `finish` or `revert`. */
  mend(tick: number): void {
    if (this.work?.phase === 'stuck') this.#end(tick, this.#dice.chance(0.5) ? 'done' : 'reverted', 'stopped-by-person');
  }

  #assigned(tick: number, command: Command): void {
    if (this.#rules.checksEpoch && command.epoch < this.highestEpoch) return;
    const known = this.journal.find((record) => record.generation === command.generation);
    if (known?.digest === command.digest && known.rollout === command.rollout) {
      if (command.epoch > this.highestEpoch && this.work?.generation === command.generation) this.#write(tick, 'accepted', command);
      return;
    }
    if (command.generation <= this.highestGeneration || this.disrupted) return;
    if (this.work !== null) this.#end(tick, 'refused', 'recalled');
    this.#witness.took(this.name, command);
    this.#write(tick, 'accepted', command);
    this.work = { ...command, phase: 'accepted', ticksLeft: this.#dice.int(0, 6), step: 0, fate: this.#fate(command) };
  }

  #offered(tick: number, generation: number): void {
    if (this.work?.generation !== generation || this.work.phase !== 'staged' || this.wire === null) return;
    if (this.#question?.generation !== generation) this.#question = { requestId: `${this.name}-${++this.#counter}`, generation, sentTick: tick };
    const { rollout, digest } = this.work;
    this.wire.fromAgent(tick, { kind: 'permit-request', request: { requestId: this.#question.requestId, rollout, generation, digest, bootId: this.#bootId } });
  }

  #permitted(tick: number, permit: Extract<ToAgent, { readonly kind: 'permit' }>): void {
    const { work } = this;
    if (this.#rules.checksEpoch && permit.epoch < this.highestEpoch) return;
    if (work?.generation !== permit.generation || work.phase !== 'staged' || work.digest !== permit.digest) return;
    if (this.#question?.requestId !== permit.requestId || (tick - this.#question.sentTick) * TICK_MS > permit.validForMs) return;
    this.#witness.took(this.name, permit);
    this.#write(tick, 'permit', permit);
    work.phase = 'permitted';
    this.#permit = permit;
    this.#question = null;
  }

  #permit: Command | null = null;

  #proceed(tick: number): void {
    const { work } = this;
    if (this.#question !== null && tick - this.#question.sentTick > QUESTION_TICKS_MAX) this.#question = null;
    if (work === null || work.phase === 'staged' || work.phase === 'stuck') return;
    const { revertsWhenCutOffTicks } = this.#rules;
    if (work.phase === 'active' && revertsWhenCutOffTicks !== null && tick - this.#heardTick > revertsWhenCutOffTicks) return this.#end(tick, 'reverted', 'went-silent');
    if (work.ticksLeft-- > 0) return;
    work.ticksLeft = this.#dice.int(0, this.#faults.stepTicksMax);
    if (work.phase === 'accepted') return work.fate === 'unstageable' ? this.#end(tick, 'refused', 'source-unreachable') : this.#stage(tick, work);
    if (work.phase === 'permitted') return this.#begin(tick, work);
    if (work.phase === 'reverting') return work.fate === 'stuck' ? this.#stick(tick, work) : this.#end(tick, 'reverted', 'verify-failed');
    this.#write(tick, 'verified', work, work.step);
    if (work.step === STEPS - 1 && work.fate !== 'done') {
      work.phase = 'reverting';
      return this.#write(tick, 'reverting', work, work.step);
    }
    work.step += 1;
    if (work.step === STEPS) return this.#end(tick, 'done', 'ok');
    this.#write(tick, 'begin', work, work.step);
  }

  #stage(tick: number, work: Work): void {
    work.phase = 'staged';
    this.#write(tick, 'stage', work);
  }

  #begin(tick: number, work: Work): void {
    work.phase = 'active';
    this.#write(tick, 'begin', work, 0);
    this.#witness.began(this.name, this.#permit ?? work);
  }

  #stick(tick: number, work: Work): void {
    work.phase = 'stuck';
    this.#write(tick, 'refused', work, WHOLE_SEQUENCE, 'needs-a-person');
    this.#witness.failed(this.name, work.rollout);
  }

  #end(tick: number, kind: 'done' | 'reverted' | 'refused', code: OutcomeCode): void {
    const { work } = this;
    if (work === null) return;
    this.#write(tick, kind, work, WHOLE_SEQUENCE, code);
    if (kind === 'done') this.#isDone(work.rollout);
    if (kind === 'reverted' || (kind === 'refused' && code !== 'recalled')) this.#witness.failed(this.name, work.rollout);
    this.work = null;
    this.#question = null;
  }

  #isDone(rollout: string): void {
    this.#witness.finished(this.name, rollout);
    const minor = this.#minors.get(rollout);
    if (minor !== undefined) this.ran.push({ minor, by: rollout });
    else if (rollout.includes('-back') && rollout.startsWith(`${this.ran.at(-1)?.by}-back`)) this.ran.pop();
  }

  #fate({ rollout }: Command): Work['fate'] {
    if (rollout.includes('-back')) return 'done';
    if (!this.#dice.chance(this.#faults.stepFails)) return 'done';
    return this.#dice.chance(this.#faults.hostSticks) ? 'stuck' : this.#dice.chance(0.2) ? 'unstageable' : 'reverted';
  }

  get #journalId(): string {
    return `journal-of-${this.name}`;
  }

  #write(tick: number, kind: RecordKind, command: Command, step = WHOLE_SEQUENCE, code: OutcomeCode = 'ok'): void {
    const outcome: Outcome = { code, message: '', object: '' };
    const { rollout, generation, digest, epoch } = command;
    this.journal.push({
      ...{ format: 1, journalId: this.#journalId, sequence: this.journal.length + 1, kind, rollout, generation, epoch, digest },
      ...{ step, stepName: step === WHOLE_SEQUENCE ? '' : `step-${step}`, attempt: 1, payloadDigest: '', bootId: this.#bootId },
      ...{ monotonicMs: tick * TICK_MS, wallUnixMs: tick * TICK_MS, outcome },
    });
  }

  #hello(): HelloFacts {
    return {
      ...{ agentVersion: '0.1.0', bootId: this.#bootId, machineId: this.name, journalId: this.#journalId, journalSequence: this.journal.length },
      ...{ highestGeneration: this.highestGeneration, highestEpoch: this.highestEpoch, osRelease: 'model', architecture: 'amd64', stepKinds: [], clockOffsetMs: 0 },
    };
  }
}
