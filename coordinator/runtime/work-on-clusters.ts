import type { Clock } from '../../shared/ports/clock.ts';
import type { FleetState } from './fleet-state.ts';
import { SerialQueue } from './serial-queue.ts';

/** Says what is being done now. */
export type Say = (doing: string) => void;

/** Works on datastores' snapshots: one thing a cluster at a time, each shown in the state to whoever asks why something waits. */
export class WorkOnClusters {
  readonly #state: FleetState;
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #queues = new Map<string, SerialQueue>();

  constructor(state: FleetState, clock: Clock, changed: () => void) {
    this.#state = state;
    this.#clock = clock;
    this.#changed = changed;
  }

  /** @param failed what went wrong, of the result; null where nothing did */
  async run<T>(cluster: string, work: (say: Say) => Promise<T>, failed: (result: T) => string | null, listener: Say = () => undefined): Promise<T> {
    const queue = this.#queues.get(cluster) ?? new SerialQueue();
    this.#queues.set(cluster, queue);
    listener('waits for what else is done about this datastore');
    return await queue.run(async () => {
      const sinceUnixMs = this.#clock.wallUnixMs();
      const say = (doing: string): void => {
        this.#show(cluster, { doing, sinceUnixMs });
        listener(doing);
      };
      say('begins');
      try {
        const result = await work(say);
        const message = failed(result);
        this.#show(cluster, { doing: null, lastFailure: message === null ? null : { message, atUnixMs: this.#clock.wallUnixMs() } });
        return result;
      } catch (error) {
        this.#show(cluster, { doing: null });
        throw error;
      }
    });
  }

  #show(cluster: string, change: { readonly doing: string | null; readonly sinceUnixMs?: number; readonly lastFailure?: { readonly message: string; readonly atUnixMs: number } | null }): void {
    const before = this.#state.datastoreWork?.get(cluster) ?? { doing: null, sinceUnixMs: 0, lastFailure: null };
    this.#state.datastoreWork = new Map(this.#state.datastoreWork).set(cluster, { ...before, ...change });
    this.#changed();
  }
}
