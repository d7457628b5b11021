import { sumTallies, type Tally, tallyLine } from '../run/tally.ts';
import { ProofFailed } from './proof-failed.ts';
import { say } from './say.ts';

interface Section {
  readonly title: string;
  readonly tally: Tally;
  readonly result: string;
  readonly seconds: number;
}

/** What was proved, in a few words: one proof, or as many as it says. */
export type ProofResult = string | { readonly result: string; readonly tally: Tally };

/** The parts of one proof: each is played, told, and listed in the end. */
export class ProofSections {
  readonly #done: Section[] = [];
  readonly #only: string;
  readonly #startedMs = performance.now();

  /** @param only a part of a title: other sections are left out; '' plays all. */
  constructor(only: string) {
    this.#only = only;
  }

  /** @param parts names of what it consists of, where one of them can be played alone. */
  wants(title: string, parts: readonly string[] = []): boolean {
    return [title, ...parts].some((name) => name.includes(this.#only));
  }

  /** @returns whether it held. */
  async prove(title: string, play: () => Promise<ProofResult>, parts: readonly string[] = []): Promise<boolean> {
    if (!this.wants(title, parts)) return true;
    say(`\n== ${title}`);
    return this.#note(title, await attempt(play));
  }

  /** Holds where the proof fails. */
  async mustFail(mutation: string, title: string, play: () => Promise<ProofResult>): Promise<boolean> {
    const named = `mutation ${mutation}: ${title}`;
    if (!this.wants(named)) return true;
    say(`\n== ${named}`);
    const { tally, error, seconds } = await attempt(play);
    if (tally.failed === 0) return this.#note(named, { tally: ONE_FAILED, result: 'THE PROOF DOES NOT FAIL: it proves nothing', error: null, seconds });
    if (!(error instanceof ProofFailed)) return this.#note(named, { tally: ONE_FAILED, result: 'broken off, which proves nothing', error, seconds });
    say(`  ${error.problems.join('\n  ').slice(0, 1_500)}`);
    say(`mutation ${mutation}: the proof fails, as it must`);
    return this.#note(named, { tally: ONE_PASSED, result: 'the proof fails, as it must', error: null, seconds });
  }

  /** Prints the table, and how many proofs that is. @returns the exit code. */
  end(): number {
    say('\nRESULT    TIME  PROOF');
    for (const { tally, seconds, title, result } of this.#done) say(`${tally.failed === 0 ? 'holds ' : 'FAILS '} ${`${seconds.toFixed(0)} s`.padStart(7)}  ${title}: ${result}`);
    const total = sumTallies(this.#done.map(({ tally }) => tally));
    say(`\n${((performance.now() - this.#startedMs) / 60_000).toFixed(1)} min\n${tallyLine(total)}`);
    return total.failed > 0 || total.passed === 0 ? 1 : 0;
  }

  #note(title: string, { tally, result, error, seconds }: Attempt): boolean {
    if (error instanceof ProofFailed) say(`FAILED\n  ${error.problems.join('\n  ')}\n${error.details}`);
    else if (error !== null) say(`FAILED\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    this.#done.push({ title, tally, result, seconds });
    return tally.failed === 0;
  }
}

const ONE_PASSED: Tally = { passed: 1, failed: 0, skipped: 0 };
const ONE_FAILED: Tally = { passed: 0, failed: 1, skipped: 0 };

interface Attempt {
  readonly tally: Tally;
  readonly result: string;
  readonly error: unknown;
  readonly seconds: number;
}

async function attempt(play: () => Promise<ProofResult>): Promise<Attempt> {
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1000;
  try {
    const proved = await play();
    return { ...(typeof proved === 'string' ? { result: proved, tally: ONE_PASSED } : proved), error: null, seconds: seconds() };
  } catch (error) {
    return { tally: ONE_FAILED, result: 'see above', error, seconds: seconds() };
  }
}
