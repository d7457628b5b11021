import { isDeepStrictEqual } from 'node:util';

import type { Clock } from '../../shared/ports/clock.ts';
import { type ClusterSnapshots, emptySnapshots, evolveSnapshots } from '../core/cluster-snapshots.ts';
import { checkpointOf, readCheckpoint, type SnapshotCheckpoint, stateAt } from '../core/snapshot-checkpoint.ts';
import type { SnapshotEvent, SnapshotEventBody } from '../core/snapshot-event.ts';
import type { EventStore } from '../ports/event-store.ts';
import { StoreError } from '../ports/store-error.ts';
import { Deposed } from './deposed.ts';
import { readAll } from './read-all.ts';
import { SerialQueue } from './serial-queue.ts';
import { clusterOfSnapshotStream, SNAPSHOT_PREFIX, snapshotStream } from './streams.ts';

/** So many and one change more are read of each cluster at a start. */
export const CHECKPOINT_EVERY_EVENTS = 256;
/** Half of what one message of NATS holds as it comes out of the box. */
const CHECKPOINT_MAX_BYTES = 512 * 1024;

/** The logs of all clusters' snapshots, and what follows from them. One for each cluster, so that none waits for another's. */
export class SnapshotLog {
  readonly #store: EventStore;
  readonly #clock: Clock;
  readonly #states = new Map<string, ClusterSnapshots>();
  /** Sequence of the last one of each cluster. */
  readonly #checkpoints = new Map<string, number>();
  readonly #queues = new Map<string, SerialQueue>();

  private constructor(store: EventStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  static async open(store: EventStore, clock: Clock): Promise<SnapshotLog> {
    const log = new SnapshotLog(store, clock);
    for (const stream of await store.streams(SNAPSHOT_PREFIX)) {
      const cluster = clusterOfSnapshotStream(stream);
      let state = await checkpointed(store, stream) ?? emptySnapshots(cluster);
      log.#checkpoints.set(cluster, state.sequence);
      for await (const { sequence, event } of readAll(store, stream, state.sequence)) state = evolveSnapshots(state, sequence, event as SnapshotEvent);
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
      const last = events.at(-1);
      if (last !== undefined && after.sequence - (this.#checkpoints.get(cluster) ?? 0) >= CHECKPOINT_EVERY_EVENTS) await this.#checkpoint(checkpointOf(after, last));
      return after;
    });
  }

  /** Without one a start takes longer, and the next change makes it. */
  async #checkpoint(checkpoint: SnapshotCheckpoint): Promise<void> {
    if (Buffer.byteLength(JSON.stringify(checkpoint)) > CHECKPOINT_MAX_BYTES) return;
    const { cluster, sequence } = checkpoint.state;
    const key = snapshotStream(cluster);
    try {
      const held = await this.#store.getRecord(key);
      if ((await this.#store.putRecord(key, checkpoint, held?.revision ?? 0)).ok) this.#checkpoints.set(cluster, sequence);
    } catch (error) {
      // What was appended is durable, and that is what the caller waits for.
      if (!(error instanceof StoreError)) throw error;
    }
  }
}

/** Null where there is none of this very log: a store may have lost its end, and have another now. */
async function checkpointed(store: EventStore, stream: string): Promise<ClusterSnapshots | null> {
  const checkpoint = readCheckpoint((await store.getRecord(stream))?.value);
  if (checkpoint === null) return null;
  const [found] = await store.read(stream, checkpoint.state.sequence - 1, 1);
  return isDeepStrictEqual(found?.event, checkpoint.last) ? stateAt(checkpoint) : null;
}
