import { loadSync } from '@grpc/proto-loader';
import fc from 'fast-check';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';

import { eachPart } from '../../../../agent/adapters/etcd/each-part.ts';
import { snapshotParser } from '../../../../agent/adapters/etcd/snapshot-parser.ts';
import type { SnapshotPart } from '../../../../agent/ports/etcd.ts';

const loaded = loadSync('etcd/v3/rpc.proto', { includeDirs: ['proto'], longs: String });
const { Snapshot } = loaded['etcdserverpb.Maintenance'] as unknown as { readonly Snapshot: { readonly responseSerialize: (value: object) => Buffer } };
const HEADER = { clusterId: '18336573658799097908', memberId: '1', revision: '7', raftTerm: '2' };
/** Field 4, which etcd 3.6 sends. */
const VERSION = Buffer.concat([Buffer.from([0x22, 3]), Buffer.from('3.6')]);

interface Sent {
  readonly blob: Uint8Array;
  readonly remainingBytes: number;
  readonly withRest: boolean;
}

function framed({ blob, remainingBytes, withRest }: Sent): Buffer {
  // As etcd does it: what is 0 is not sent.
  const fields = Snapshot.responseSerialize({ ...(withRest ? { header: HEADER } : {}), ...(remainingBytes === 0 ? {} : { remainingBytes }), blob });
  const message = withRest ? Buffer.concat([fields, VERSION]) : fields;
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const messages = fc.array(fc.record({ blob: fc.uint8Array({ maxLength: 300 }), remainingBytes: fc.oneof(fc.constant(0), fc.maxSafeInteger().map(Math.abs)), withRest: fc.boolean() }), { maxLength: 5 });

test('every blob arrives, whatever the pieces and whatever else is in the messages', () => {
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }), (sent, lengths) => {
      const [got, remaining]: [Uint8Array[], number[]] = [[], []];
      const parse = snapshotParser((bytes, remainingBytes) => {
        got.push(Uint8Array.from(bytes));
        remaining.push(remainingBytes);
      });
      const stream = Buffer.concat(sent.map(framed));
      for (let at = 0, piece = 0; at < stream.length; piece += 1) {
        const length = lengths[piece % lengths.length] ?? 1;
        parse(stream.subarray(at, at + length));
        at += length;
      }
      expect(Buffer.concat(got).equals(Buffer.concat(sent.map(({ blob }) => blob)))).toBe(true);
      const last = sent.findLast(({ blob }) => blob.length > 0);
      if (last !== undefined) expect(remaining.at(-1)).toBe(last.remainingBytes);
    }),
  );
});

describe('what is no snapshot is told', () => {
  const frame = (...message: readonly number[]): Buffer => Buffer.from([0, 0, 0, 0, message.length, ...message]);

  test.each([
    ['a message that is compressed', Buffer.from([1, 0, 0, 0, 0])],
    ['a blob that ends after its message', frame(0x1a, 5, 1, 2)],
    ['a number that has no end', frame(0x10, ...Array.from({ length: 12 }, () => 0xff))],
    ['a field that is cut off', frame(0x90)],
    ['a type that protobuf has not', frame(0x1f, 0)],
  ])('%s', (_what, bytes) => {
    expect(() => snapshotParser(() => undefined)(bytes)).toThrow(RangeError);
  });

  test('and nothing makes it read without end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        let taken = 0;
        try {
          snapshotParser((blob) => (taken += blob.length))(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
        expect(taken).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});

test.each([100, 8000, 250_000])('parts have one size but for the last, whatever the pieces (of %i bytes), and say what remains after each', async (pieceBytes) => {
  const database = Buffer.alloc(700_000, 'database');
  const stream = Buffer.concat([0, 300_000, 600_000].map((from) => {
    const blob = database.subarray(from, from + 300_000);
    return framed({ blob, remainingBytes: database.length - from - blob.length, withRest: true });
  }));
  const pieces = Array.from({ length: Math.ceil(stream.length / pieceBytes) }, (_none, index) => stream.subarray(index * pieceBytes, (index + 1) * pieceBytes));
  const parts: SnapshotPart[] = [];
  let atOnce = 0;
  await eachPart(Readable.from(pieces), async (part) => {
    atOnce += 1;
    await new Promise((resolve) => setImmediate(resolve));
    expect(atOnce).toBe(1);
    parts.push({ ...part, blob: Uint8Array.from(part.blob) });
    atOnce -= 1;
  });
  expect(parts.map(({ blob, remainingBytes }) => [blob.length, remainingBytes])).toEqual([[262_144, 437_856], [262_144, 175_712], [175_712, 0]]);
  expect(Buffer.concat(parts.map(({ blob }) => blob)).equals(database)).toBe(true);
});

test('a stream that breaks off is told only when nobody takes any more', async () => {
  const stream = new Readable({ read: () => undefined });
  const blob = Buffer.alloc(262_144);
  let isTaking = false;
  const parts = eachPart(stream, async () => {
    isTaking = true;
    stream.destroy(new Error('gone'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    isTaking = false;
  });
  stream.push(framed({ blob, remainingBytes: 5, withRest: false }));
  await expect(parts).rejects.toThrow('gone');
  expect(isTaking).toBe(false);
});
