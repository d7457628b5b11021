import { ProofFailed } from './proof-failed.ts';
import { say } from './say.ts';

interface Section {
  readonly title: string;
  readonly ok: boolean;
  readonly result: string;
  readonly seconds: number;
}

/** The parts of one proof: each is played, told, and listed in the end. */
export class ProofSections {
  readonly #done: Section[] = [];
  readonly #only: string;
  readonly #startedMs = performance.now();

  /** @param only a part of a title: other sections are left out; '' plays all. */
  constructor(only: string) {
    this.#only = only;
  }

  wants(title: string): boolean {
    return title.includes(this.#only);
  }

  /** @param play returns what was proved, in a few words. @returns whether it held. */
  async prove(title: string, play: () => Promise<string>): Promise<boolean> {
    if (!this.wants(title)) return true;
    say(`\n== ${title}`);
    return this.#note(title, await attempt(play));
  }

  /** Holds where the proof fails. */
  async mustFail(mutation: string, title: string, play: () => Promise<string>): Promise<boolean> {
    const named = `mutation ${mutation}: ${title}`;
    if (!this.wants(named)) return true;
    say(`\n== ${named}`);
    const { ok, error, seconds } = await attempt(play);
    if (ok) return this.#note(named, { ok: false, result: 'THE PROOF DOES NOT FAIL: it proves nothing', error: null, seconds });
    if (!(error instanceof ProofFailed)) return this.#note(named, { ok: false, result: 'broken off, which proves nothing', error, seconds });
    say(`  ${error.problems.join('\n  ').slice(0, 1_500)}`);
    say(`mutation ${mutation}: the proof fails, as it must`);
    return this.#note(named, { ok: true, result: 'the proof fails, as it must', error: null, seconds });
  }

  /** Prints the table. @returns the exit code. */
  end(): number {
    say('\nRESULT    TIME  PROOF');
    for (const { ok, seconds, title, result } of this.#done) say(`${ok ? 'holds ' : 'FAILS '} ${`${seconds.toFixed(0)} s`.padStart(7)}  ${title}: ${result}`);
    const failures = this.#done.filter(({ ok }) => !ok).length;
    say(`\n${this.#done.length - failures} hold, ${failures} fail, ${((performance.now() - this.#startedMs) / 60_000).toFixed(1)} min`);
    return failures > 0 || this.#done.length === 0 ? 1 : 0;
  }

  #note(title: string, { ok, result, error, seconds }: Attempt): boolean {
    if (error instanceof ProofFailed) say(`FAILED\n  ${error.problems.join('\n  ')}\n${error.details}`);
    else if (error !== null) say(`FAILED\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    this.#done.push({ title, ok, result, seconds });
    return ok;
  }
}

interface Attempt {
  readonly ok: boolean;
  readonly result: string;
  readonly error: unknown;
  readonly seconds: number;
}

async function attempt(play: () => Promise<string>): Promise<Attempt> {
  const startedMs = performance.now();
  const seconds = (): number => (performance.now() - startedMs) / 1000;
  try {
    const result = await play();
    return { ok: true, result, error: null, seconds: seconds() };
  } catch (error) {
    return { ok: false, result: 'see above', error, seconds: seconds() };
  }
}
