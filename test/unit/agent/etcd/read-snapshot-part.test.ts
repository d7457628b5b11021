import { loadSync } from '@grpc/proto-loader';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readSnapshotPart } from '../../../../agent/adapters/etcd/read-snapshot-part.ts';

const loaded = loadSync('etcd/v3/rpc.proto', { includeDirs: ['proto'], longs: String });
const snapshot = loaded['etcdserverpb.Maintenance'] as unknown as { readonly Snapshot: { readonly responseSerialize: (value: object) => Buffer } };
const encode = (message: object): Buffer => snapshot.Snapshot.responseSerialize(message);

test('reads what the generated code wrote, whatever else is in it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.maxSafeInteger().map(Math.abs), fc.boolean(), (blob, remainingBytes, withHeader) => {
      const header = withHeader ? { header: { clusterId: '18336573658799097908', memberId: '1', revision: '7', raftTerm: '2' } } : {};
      // Field 4, the version that etcd 3.6 sends.
      const message = Buffer.concat([encode({ ...header, remainingBytes, blob }), Buffer.from([0x22, 3]), Buffer.from('3.6')]);
      const part = readSnapshotPart(message);
      expect(part.remainingBytes).toBe(remainingBytes);
      expect(Buffer.from(part.blob).equals(Buffer.from(blob))).toBe(true);
    }),
  );
});

describe('what is no message', () => {
  test.each([
    ['a blob that ends after the message', Buffer.from([0x1a, 5, 1, 2])],
    ['a number that has no end', Buffer.alloc(12, 0xff)],
    ['a field that is cut off', Buffer.from([0x10])],
    ['a type that protobuf has not', Buffer.from([0x1f, 0])],
  ])('%s', (_what, message) => {
    expect(() => readSnapshotPart(message)).toThrow(RangeError);
  });

  test('never makes it read beyond, or without end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          expect(readSnapshotPart(Buffer.from(bytes)).blob.length).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
