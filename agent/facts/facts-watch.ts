import type { HostFacts } from '../../shared/domain/host-facts.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';

/** A program that hangs keeps nobody from dialling: what was read before stands. */
const READ_MAX_MS = 30_000;

export interface FactsReader {
  /** Rejects when the signal fires. */
  read(signal: AbortSignal): Promise<HostFacts>;
  /** The same facts, with the host's member of etcd looked at anew. Rejects when the signal fires. */
  readMember(facts: HostFacts, signal: AbortSignal): Promise<HostFacts>;
}

/** The newest facts of this host, and who wants to hear of new ones. */
export class FactsWatch {
  readonly #open: () => Promise<FactsReader>;
  readonly #parts: { readonly clock: Clock; readonly logger: Logger };
  readonly #listeners = new Set<(facts: HostFacts) => void>();
  #reader: FactsReader | null = null;
  #facts: HostFacts | null = null;
  #reading: Promise<void> | null = null;
  #readMonotonicMs = -Infinity;

  /** @param open loads what reads them; called at the first reading. */
  constructor(open: () => Promise<FactsReader>, parts: { readonly clock: Clock; readonly logger: Logger }) {
    this.#open = open;
    this.#parts = parts;
  }

  /** Null before the first reading. */
  get facts(): HostFacts | null {
    return this.#facts;
  }

  /** Calls back when a reading differs from the one before. @returns how to stop. */
  onChange(listener: (facts: HostFacts) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads anew where the last reading is `ageMs` old. Waits for one that is under way; never rejects. */
  async refresh(ageMs = 0): Promise<void> {
    if (this.#reading === null && this.#parts.clock.monotonicMs() - this.#readMonotonicMs < ageMs) return;
    this.#reading ??= this.#read().finally(() => (this.#reading = null));
    await this.#reading;
  }

  /** Looks at the member of etcd alone, where there is one: quorums are counted by what it says. Never rejects. */
  async refreshMember(): Promise<void> {
    const known = this.#facts;
    if (known === null || known.etcdMember === null || this.#reading !== null) return;
    this.#reading = this.#keep((reader, signal) => reader.readMember(known, signal)).finally(() => (this.#reading = null));
    await this.#reading;
  }

  async #read(): Promise<void> {
    await this.#keep(async (reader, signal) => {
      const facts = await reader.read(signal);
      this.#readMonotonicMs = this.#parts.clock.monotonicMs();
      return facts;
    });
  }

  async #keep(read: (reader: FactsReader, signal: AbortSignal) => Promise<HostFacts>): Promise<void> {
    try {
      this.#reader ??= await this.#open();
      const facts = await read(this.#reader, AbortSignal.timeout(READ_MAX_MS));
      if (JSON.stringify(facts) === JSON.stringify(this.#facts)) return;
      this.#facts = facts;
      for (const listener of this.#listeners) listener(facts);
    } catch (error) {
      this.#parts.logger.warn('the facts of this host could not be read', { error });
    }
  }
}
