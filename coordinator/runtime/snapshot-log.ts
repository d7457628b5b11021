import type { Clock } from '../../shared/ports/clock.ts';
import { type ClusterSnapshots, emptySnapshots, evolveSnapshots } from '../core/cluster-snapshots.ts';
import type { SnapshotEvent, SnapshotEventBody } from '../core/snapshot-event.ts';
import type { EventStore } from '../ports/event-store.ts';
import { Deposed } from './deposed.ts';
import { readAll } from './read-all.ts';
import { SerialQueue } from './serial-queue.ts';
import { clusterOfSnapshotStream, SNAPSHOT_PREFIX, snapshotStream } from './streams.ts';

/** The logs of all clusters' snapshots, and what follows from them. One for each cluster, so that none waits for another's. */
export class SnapshotLog {
  readonly #store: EventStore;
  readonly #clock: Clock;
  readonly #states = new Map<string, ClusterSnapshots>();
  readonly #queues = new Map<string, SerialQueue>();

  private constructor(store: EventStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  static async open(store: EventStore, clock: Clock): Promise<SnapshotLog> {
    const log = new SnapshotLog(store, clock);
    for (const stream of await store.streams(SNAPSHOT_PREFIX)) {
      const cluster = clusterOfSnapshotStream(stream);
      let state = emptySnapshots(cluster);
      for await (const { sequence, event } of readAll(store, stream)) state = evolveSnapshots(state, sequence, event as SnapshotEvent);
      log.#states.set(cluster, state);
    }
    return log;
  }

  of(cluster: string): ClusterSnapshots {
    return this.#states.get(cluster) ?? emptySnapshots(cluster);
  }

  /** Those of which something was ever written, ordered by name. */
  get clusters(): readonly string[] {
    return [...this.#states.keys()].toSorted();
  }

  /**
   * Durable when it resolves; one change of a cluster after another. @param decide on what is known then; none changes nothing.
   * @throws Deposed where somebody else wrote in between
   */
  async append(cluster: string, decide: (known: ClusterSnapshots) => readonly SnapshotEventBody[]): Promise<ClusterSnapshots> {
    const queue = this.#queues.get(cluster) ?? new SerialQueue();
    this.#queues.set(cluster, queue);
    return await queue.run(async () => {
      const before = this.of(cluster);
      const atUnixMs = this.#clock.wallUnixMs();
      const events = decide(before).map((body): SnapshotEvent => ({ ...body, atUnixMs }));
      if (events.length === 0) return before;
      // Folded first: an event that is illegal throws before it is durable.
      const after = events.reduce((state, event, index) => evolveSnapshots(state, before.sequence + index + 1, event), before);
      const stream = snapshotStream(cluster);
      const appended = await this.#store.append(stream, before.sequence, events);
      if (!appended.ok) throw new Deposed(stream, before.sequence, appended.actualSequence);
      this.#states.set(cluster, after);
      return after;
    });
  }
}
