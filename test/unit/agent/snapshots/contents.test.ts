import { describe, expect, test } from 'vitest';

import { type Contents, readContents, type ReadOptions } from '../../../../agent/snapshots/contents/read-contents.ts';
import { boltFile, type Entry, rangesOf, withChecksums } from '../../../support/bolt-file.ts';
import { putRecord, revisionKey, tombstone } from '../../../support/etcd-records.ts';
import { SAMPLE_DATASTORE } from '../../../support/sample-datastore.ts';

function read(file: Buffer, options?: ReadOptions): Contents {
  const walk = readContents(rangesOf(file), options);
  for (;;) {
    const step = walk.next();
    if (step.done === true) return step.value;
  }
}

const keysOnly = (entries: readonly Entry[]): Buffer => boltFile({ buckets: [{ name: 'key', entries }] });

test('a datastore of every kind of page is read to its end', () => {
  expect(read(boltFile(SAMPLE_DATASTORE))).toMatchObject({
    revision: 27, totalKey: 23, totalRecords: 40, newestKey: '/registry/namespaces/default', validMetaPages: 2,
    registry: { leases: 1, namespaces: 1, secrets: 20 }, elsewhere: 1,
    consistentIndex: '31', term: '5', storageVersion: '3.6.0', clusterVersion: '3.5.0', scheduledCompactRevision: 1, finishedCompactRevision: 1,
    members: [
      { id: '8e9e05c52164694d', name: 'm0', peerUrls: ['https://10.0.0.1:2380'], clientUrls: ['https://10.0.0.1:2379'], isLearner: false },
      { id: '91bc3c398fb3c146', name: '', peerUrls: [], clientUrls: [], isLearner: false },
    ],
    removedMembers: ['fd422379fda50e48'], leases: 1, alarms: 0, authEnabled: true, users: 2, roles: 1, kvHash: null,
  });
});

test('the pages do not change what it holds', () => {
  const { totalSize, ...small } = read(boltFile(SAMPLE_DATASTORE));
  const { totalSize: larger, ...large } = read(boltFile({ ...SAMPLE_DATASTORE, pageSize: 16_384 }));
  expect(large).toEqual(small);
  expect(larger).toBeGreaterThan(totalSize);
});

test('whatever changes in it changes the hash', () => {
  const hashes = [
    [],
    [putRecord(2, '/a', 'x')],
    [putRecord(3, '/a', 'x')],
    [putRecord(2, '/b', 'x')],
    [putRecord(2, '/a', 'y')],
  ].map((entries) => read(keysOnly(entries)).hash);
  expect(new Set(hashes).size).toBe(hashes.length);
});

test('keys past what one table holds are counted in more walks, and come to the same', () => {
  const many = boltFile({
    pageSize: 16_384,
    buckets: [{ name: 'key', perPage: 200, entries: Array.from({ length: 12_000 }, (_none, index) => (index % 5 === 4 ? tombstone(index + 2, `/registry/g${(index - 4) % 7}/${index - 4}`) : putRecord(index + 2, `/registry/g${index % 7}/${index}`, 'x'))) }],
  });
  const { kvHash, ...once } = read(many, { withKvHash: true });
  expect(once.totalKey).toBe(7_200);
  // 3,072 keys at once: neither all nor a half of them fits.
  expect(read(many, { withKvHash: true, slotsMax: 4096 })).toEqual({ ...once, kvHash: null });
  expect(kvHash).not.toBeNull();
});

test('the mark of a raised revision is a record of no key, as etcdutl counts it', () => {
  expect(read(keysOnly([putRecord(2, '/a', 'x'), [revisionKey(1_000_000_002), Buffer.alloc(0)]]))).toMatchObject({ revision: 1_000_000_002, totalKey: 2, newestKey: '' });
});

describe('two meta pages', () => {
  const file = boltFile(SAMPLE_DATASTORE);

  test.each([0, 1])('one is enough (page %i is damaged)', (page) => {
    const damaged = Buffer.from(file);
    damaged[page * 1024 + 20]! ^= 1;
    expect(read(damaged)).toMatchObject({ validMetaPages: 1, revision: 27 });
  });

  test.each([0, 1])('the one with the later transaction counts (page %i has it)', (page) => {
    const two = Buffer.from(file);
    two.writeBigUInt64LE(100n, page * 1024 + 64);
    // The other one's root is a page of something else.
    two.writeBigUInt64LE(2n, (1 - page) * 1024 + 32);
    expect(read(withChecksums(two))).toMatchObject({ revision: 27 });
  });
});

describe('the hash of key values', () => {
  const compacted = (revision: number, entries: readonly Entry[]): Buffer =>
    boltFile({ buckets: [{ name: 'key', entries, perPage: 2 }, { name: 'meta', entries: [[Buffer.from('scheduledCompactRev'), revisionKey(revision)]] }] });
  const kvHash = (file: Buffer): Contents['kvHash'] => read(file, { withKvHash: true }).kvHash;

  test('a member that has not removed what was compacted answers as one that has', () => {
    const [first, second, third] = [putRecord(2, '/a', '1'), putRecord(3, '/a', '2'), putRecord(4, '/b', '3')];
    const gone = [putRecord(5, '/c', '4'), tombstone(6, '/c')] as const;
    const later = [putRecord(7, '/d', '5'), tombstone(8, '/d')] as const;
    const before = kvHash(compacted(6, [first, second, third, ...gone, ...later]));
    expect(before).toEqual({ hash: expect.any(Number), revision: 8, compactRevision: 6 });
    expect(kvHash(compacted(6, [second, third, ...later]))).toEqual(before);
    // A newer member keeps the tombstone that it compacted to.
    expect(kvHash(compacted(6, [second, third, gone[1], ...later]))).toEqual(before);
    expect(kvHash(compacted(6, [first, third, ...later]))).not.toEqual(before);
    expect(kvHash(compacted(6, [second, third, later[0], tombstone(8, '/e')]))).not.toEqual(before);
  });

  test('where no key lives, all counts but the tombstone that was compacted to', () => {
    const none = kvHash(compacted(3, []));
    expect(kvHash(compacted(3, [tombstone(3, '/a')]))?.hash).toBe(none?.hash);
    expect(kvHash(compacted(3, [putRecord(2, '/a', '1'), tombstone(3, '/a')]))?.hash).not.toBe(none?.hash);
  });

  test('where nothing was compacted, all counts', () => {
    const one = kvHash(keysOnly([putRecord(2, '/a', '1'), putRecord(3, '/a', '2')]));
    expect(one).toMatchObject({ revision: 3, compactRevision: -1 });
    expect(kvHash(keysOnly([putRecord(3, '/a', '2')]))?.hash).not.toBe(one?.hash);
  });
});
