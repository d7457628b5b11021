import { createHash } from 'node:crypto';

import type { Journal } from '../../agent/ports/journal.ts';
import type { StepFiles } from '../../agent/ports/step-files.ts';
import { formatLine, parseJournal } from '../../agent/runner/journal-line.ts';
import { type Executors, STEP_OK, type StepExecutor, stepFailure } from '../../agent/steps/step.ts';
import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import type { ServiceSpec } from '../../shared/domain/step-spec.ts';
import { sameForEveryKind } from './same-executor.ts';

export class Killed extends Error {}

/** How a step of a run behaves. */
export interface Temper {
  readonly apply: 'works' | 'fails' | 'does-half-and-fails';
  readonly verify: 'works' | 'fails';
  /** So many reverts fail before one works. */
  readonly revertFailures: number;
  readonly satisfied: boolean;
}

/**
 * A host and the disk of its agent, that die at a chosen instant: before or after any write, or in the middle of one.
 * Each thing that a step changes has two halves, changed one after the other.
 */
export class KillableHost {
  readonly things: Map<string, [string, string]>;
  readonly counts = { kills: 0, torn: 0, applies: 0, reverts: 0 };
  /** What a step did that it must never do. */
  readonly violations: string[] = [];
  #bytes = Buffer.alloc(0);
  readonly #priors = new Map<string, string>();
  readonly #failuresLeft: number[];
  #untilKill = Number.POSITIVE_INFINITY;
  #tornBytes = 0;
  #die: (cause: Killed) => void = () => undefined;
  readonly #tempers: readonly Temper[];

  constructor(tempers: readonly Temper[]) {
    this.#tempers = tempers;
    this.#failuresLeft = tempers.map(({ revertFailures }) => revertFailures);
    this.things = new Map(tempers.map(({ satisfied }, index) => [unitOf(index), satisfied ? ['new', 'new'] : ['old', 'old']]));
  }

  get specs(): readonly ServiceSpec[] {
    return this.#tempers.map((_, index) => ({
      kind: 'service', name: `step ${index}`, timeoutMs: 60_000, unit: unitOf(index), action: 'restart', looks: 1, lookIntervalMs: 1,
    }));
  }

  get records(): readonly JournalRecord[] {
    const parsed = parseJournal(this.#bytes, 'journal');
    if (!parsed.ok) throw new Error(parsed.error.message);
    return parsed.records;
  }

  /** Runs one life of the agent. It dies at its `untilKill`-th write; a journal write then leaves `tornBytes` bytes. */
  async live(untilKill: number, tornBytes: number, life: (journal: Journal, files: StepFiles, executors: Executors) => Promise<unknown>): Promise<'killed' | 'ended'> {
    this.#untilKill = untilKill;
    this.#tornBytes = tornBytes;
    const killed = new Promise<never>((_, reject) => {
      this.#die = reject;
    });
    const parsed = parseJournal(this.#bytes, 'journal');
    if (!parsed.ok) throw new Error(parsed.error.message);
    this.#bytes = this.#bytes.subarray(0, parsed.wholeBytes);
    try {
      await Promise.race([life(this.#journal(), this.#files(), this.#executors()), killed]);
      return 'ended';
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.counts.kills += 1;
      return 'killed';
    }
  }

  /** @returns whether this write is the one that it dies at. */
  #dies(): boolean {
    this.#untilKill -= 1;
    return this.#untilKill < 0;
  }

  /** A write outside the journal: it dies before it, and what runs on never gets further. */
  async #write(change: () => void): Promise<void> {
    if (!this.#dies()) return change();
    this.#die(new Killed());
    await new Promise(() => undefined);
  }

  #journal(): Journal {
    const records = [...this.records];
    return {
      journalId: 'j',
      records,
      append: (entries) => {
        const first = (records.at(-1)?.sequence ?? 0) + 1;
        const added = entries.map((entry, index): JournalRecord => ({
          format: 1, journalId: 'j', sequence: first + index, bootId: 'boot-1', monotonicMs: 0, wallUnixMs: 0, ...entry,
        }));
        const lines = Buffer.from(added.map(formatLine).join(''));
        if (this.#dies()) {
          const left = Math.min(this.#tornBytes, lines.length);
          if (left > 0 && left < lines.length) this.counts.torn += 1;
          this.#bytes = Buffer.concat([this.#bytes, lines.subarray(0, left)]);
          throw new Killed();
        }
        this.#bytes = Buffer.concat([this.#bytes, lines]);
        records.push(...added);
        return added;
      },
    };
  }

  #files(): StepFiles {
    return {
      folder: async () => '/nowhere',
      output: () => () => undefined,
      release: async () => undefined,
      dropFetched: async () => undefined,
      keepPrior: async (generation, step, prior) => {
        const text = JSON.stringify(prior);
        await this.#write(() => this.#priors.set(`${generation}/${step}`, text));
        return createHash('sha256').update(text).digest('hex');
      },
      readPrior: async (generation, step, digest) => {
        const text = this.#priors.get(`${generation}/${step}`);
        return text !== undefined && createHash('sha256').update(text).digest('hex') === digest ? (JSON.parse(text) as unknown) : undefined;
      },
    };
  }

  #executors(): Executors {
    const service: StepExecutor<ServiceSpec, { readonly was: [string, string] }> = {
      kind: 'service',
      stage: async () => STEP_OK,
      canRevert: async () => STEP_OK,
      check: async ({ unit }) => ({ ok: true, state: this.#thing(unit).every((half) => half === 'new') ? 'satisfied' : 'needed' }),
      capture: async ({ unit }) => ({ ok: true, prior: { was: [...this.#thing(unit)] } }),
      apply: async ({ unit }) => {
        const index = indexOf(unit);
        this.counts.applies += 1;
        if (!this.records.some(({ kind, step }) => kind === 'prior' && step === index)) this.violations.push(`${unit} applied before its prior was journaled`);
        const { apply } = this.#tempers[index] ?? { apply: 'works' };
        if (apply === 'fails') return stepFailure('apply-failed', 'it says no');
        await this.#set(unit, 0, 'new');
        if (apply === 'does-half-and-fails') return stepFailure('apply-failed', 'it broke');
        await this.#set(unit, 1, 'new');
        return STEP_OK;
      },
      verify: async ({ unit }) => {
        if (this.#tempers[indexOf(unit)]?.verify === 'fails') return stepFailure('verify-failed', 'it does not run');
        return this.#thing(unit).every((half) => half === 'new') ? STEP_OK : stepFailure('verify-failed', 'it is not new');
      },
      revert: async ({ unit }, { was }) => {
        this.counts.reverts += 1;
        const isBack = (step: number): boolean => this.records.some((record) => record.kind === 'reverted' && record.step === step);
        if (this.records.some(({ kind, step }) => kind === 'begin' && step > indexOf(unit) && !isBack(step))) this.violations.push(`${unit} put back before a later step was`);
        await this.#set(unit, 0, was[0]);
        const left = this.#failuresLeft[indexOf(unit)] ?? 0;
        if (left > 0) {
          this.#failuresLeft[indexOf(unit)] = left - 1;
          return stepFailure('revert-failed', 'not this time');
        }
        await this.#set(unit, 1, was[1]);
        return STEP_OK;
      },
    };
    return sameForEveryKind(service);
  }

  async #set(unit: string, half: 0 | 1, value: string): Promise<void> {
    await this.#write(() => {
      this.#thing(unit)[half] = value;
    });
  }

  #thing(unit: string): [string, string] {
    const thing = this.things.get(unit);
    if (thing === undefined) throw new Error(`no ${unit}`);
    return thing;
  }
}

function unitOf(index: number): string {
  return `u${index}.service`;
}

function indexOf(unit: string): number {
  return Number(unit.slice(1, -'.service'.length));
}
