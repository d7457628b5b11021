import { randomUUID } from 'node:crypto';

import type { AppendResult, StoredEvent } from '../ports/event-store.ts';
import { batchRange, corruptStream, decodeBatch, encodeBatch } from './nats-batch.ts';
import { interrupted, tooLarge } from './nats-client.ts';
import type { NatsClient, NatsMessage } from './nats-client.ts';
import { fromSubject, toFilter, toSubject } from './nats-subject.ts';

export interface NatsEvents {
  append(stream: string, expectedSequence: number, events: readonly object[]): Promise<AppendResult>;
  read(stream: string, after: number, limit: number): Promise<readonly StoredEvent[]>;
  streams(prefix: string): Promise<readonly string[]>;
}

/** Where a stream of ours stands in JetStream's: our sequence of the last event in the message with theirs. */
interface Position {
  readonly sequence: number;
  readonly messageSequence: number;
}

const EMPTY: Position = { sequence: 0, messageSequence: 0 };
const POSITIONS_MAX = 50_000;
/** Reading up to so many messages one by one is cheaper than a consumer. */
const SINGLE_READS_MAX = 16;
const FOLLOW_MAX_MS = 60_000;
const HEADER_ROOM_BYTES = 4096;

/** Event streams as subjects of one JetStream stream; the server compares the newest sequence of the subject. */
export function natsEvents(client: NatsClient, jetStream: string, prefix: string): NatsEvents {
  /** Newest position seen, to spare append a question. A stale one only costs the question: the server compares. */
  const newest = positionCache();
  /** Where the last read of a stream ended, for the one that goes on from there. */
  const cursors = positionCache();

  async function askNewest(stream: string): Promise<Position> {
    const message = await client.last(jetStream, toSubject(prefix, stream));
    const position = message === null ? EMPTY : endOf(message);
    newest.set(stream, position);
    return position;
  }

  /** JetStream's sequence from which on the messages hold events above `after`; null when there are none. */
  async function seek(stream: string, after: number): Promise<number | null> {
    const cursor = cursors.get(stream);
    if (after === 0) return 1;
    if (cursor?.sequence === after) return cursor.messageSequence + 1;
    const subject = toSubject(prefix, stream);
    const last = await askNewest(stream);
    if (last.sequence <= after) return null;
    let low = 0;
    let found = last.messageSequence;
    for (let high = found; low + 1 < high; ) {
      const middle = Math.floor((low + high) / 2);
      const message = await client.next(jetStream, subject, middle);
      if (message !== null && batchRange(message).last <= after) low = message.sequence;
      else {
        found = message?.sequence ?? found;
        high = middle;
      }
    }
    return found;
  }

  /** Messages of a stream from a sequence up to the newest one, as the leader knows it. */
  async function* messages(stream: string, from: number): AsyncGenerator<NatsMessage, void> {
    const subject = toSubject(prefix, stream);
    let at = from;
    for (let reads = 0; reads < SINGLE_READS_MAX; reads += 1) {
      const message = await client.next(jetStream, subject, at);
      if (message === null) return;
      yield message;
      at = message.sequence + 1;
    }
    const end = (await askNewest(stream)).messageSequence;
    if (at > end) return;
    const followed = await client.follow(jetStream, subject, at);
    const timer = setTimeout(() => void followed.stop(), FOLLOW_MAX_MS);
    try {
      for await (const message of followed) {
        yield message;
        if (message.sequence >= end) return;
      }
      throw interrupted(client.address, `reading ${stream} took longer than ${FOLLOW_MAX_MS / 1000} s`);
    } finally {
      clearTimeout(timer);
      await followed.stop();
    }
  }

  return {
    async append(stream, expectedSequence, events) {
      const texts = events.map((event) => JSON.stringify(event));
      const cached = newest.get(stream);
      const position = cached?.sequence === expectedSequence ? cached : await askNewest(stream);
      if (position.sequence !== expectedSequence) return { ok: false, actualSequence: position.sequence };
      if (texts.length === 0) return { ok: true, sequence: expectedSequence };
      const batch = encodeBatch(expectedSequence + 1, texts);
      if (batch.data.length + HEADER_ROOM_BYTES > client.payloadMaxBytes()) throw tooLarge(client.address);
      const id = randomUUID();
      const result = await client.publish(toSubject(prefix, stream), { ...batch, stream: jetStream, id, expectedSequence: position.messageSequence });
      const sequence = expectedSequence + texts.length;
      if (!result.ok) return { ok: false, actualSequence: (await askNewest(stream)).sequence };
      newest.set(stream, { sequence, messageSequence: result.sequence });
      return { ok: true, sequence };
    },

    async read(stream, after, limit) {
      const from = limit > 0 ? await seek(stream, after) : null;
      if (from === null) return [];
      const events: StoredEvent[] = [];
      for await (const message of messages(stream, from)) {
        const { first, last } = batchRange(message);
        const wanted = after + events.length + 1;
        if (first > wanted || last < wanted) throw corruptStream(message.subject, `event ${wanted} is missing`);
        events.push(...decodeBatch(message).filter(({ sequence }) => sequence >= wanted).slice(0, limit - events.length));
        if (after + events.length === last) cursors.set(stream, { sequence: last, messageSequence: message.sequence });
        if (events.length === limit) break;
      }
      return events;
    },

    async streams(namePrefix) {
      const subjects = await client.subjects(jetStream, toFilter(prefix, namePrefix));
      return subjects.map((subject) => fromSubject(prefix, subject)).filter((name) => name.startsWith(namePrefix)).toSorted();
    },
  };
}

function endOf(message: NatsMessage): Position {
  return { sequence: batchRange(message).last, messageSequence: message.sequence };
}

function positionCache(): { get(stream: string): Position | undefined; set(stream: string, position: Position): void } {
  const positions = new Map<string, Position>();
  return {
    get: (stream) => positions.get(stream),
    set(stream, position) {
      if (positions.size >= POSITIONS_MAX) positions.clear();
      positions.set(stream, position);
    },
  };
}
