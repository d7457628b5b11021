import type { ByteRanges } from '../bolt/byte-ranges.ts';
import { Damage } from '../bolt/damage.ts';
import { type Bucket, openDatabase } from '../bolt/open-database.ts';
import type { Leaf } from '../bolt/leaves-of.ts';
import { crc32c } from '../crc32c.ts';
import { type DatastoreFacts, DatastoreFactsReader } from './datastore-facts.ts';
import { eachEntry } from './each-entry.ts';
import { type KvHash, hashKeyValues } from './hash-key-values.ts';
import { KeyReader } from './key-reader.ts';
import { SLOTS_MAX, type Share, WHOLE, halvesOf } from './live-keys.ts';
import { RegistryCounts } from './registry-counts.ts';
import type { WalkProgress } from './walk-progress.ts';

/** What a snapshot holds; the first five as `snapshot status` of etcd's own tools gives them. */
export interface Contents extends DatastoreFacts {
  /** CRC-32C over all names of buckets, keys and values. */
  readonly hash: number;
  /** The newest record's; 0 where there is none. */
  readonly revision: number;
  /** Keys that live, as the newest etcdutl counts. */
  readonly totalKey: number;
  /** Records in all buckets: what etcdctl 3.4 and etcdutl 3.5 call totalKey. */
  readonly totalRecords: number;
  /** Bytes up to the last page in use or free. */
  readonly totalSize: number;
  /** Keys that live below each `/registry/NAME/`. */
  readonly registry: Readonly<Record<string, number>>;
  /** Keys that live anywhere else. */
  readonly elsewhere: number;
  /** The key that the newest record is about, its first 256 bytes. */
  readonly newestKey: string;
  /** 1 where one of the two meta pages does not hold. */
  readonly validMetaPages: 1 | 2;
  /** null where it was not asked for, and where more keys live than are told apart in one walk. */
  readonly kvHash: KvHash | null;
}

export interface ReadOptions {
  /** Costs another walk over the keys. */
  readonly withKvHash?: boolean;
  /** How large the table of live keys may be: a power of two from 4096 on. Keys past it take more walks. */
  readonly slotsMax?: number;
}

/**
 * Walks through a whole database and checks it on the way. Pure but for the file: whoever runs it says how long it runs
 * before others have their turn. It yields after every leaf.
 *
 * @throws {Damage} on the first that is wrong
 */
export function* readContents(file: ByteRanges, { withKvHash = false, slotsMax = SLOTS_MAX }: ReadOptions = {}): Generator<WalkProgress, Contents, void> {
  const database = openDatabase(file);
  const { meta } = database;
  const facts = new DatastoreFactsReader();
  const keys = new KeyReader(WHOLE, slotsMax);
  let hash = 0;
  let totalRecords = 0;
  let hasKeys = false;
  for (const bucket of database.buckets()) {
    hash = crc32c(hash, bucket.nameBytes);
    hasKeys ||= bucket.name === 'key';
    for (const leaf of bucket.leaves()) {
      hash = crc32c(hash, leaf.bytes, leaf.dataFrom, leaf.dataTo);
      totalRecords += leaf.count;
      readLeaf(bucket, leaf, keys, facts);
      yield { pages: database.pagesSeen, of: meta.highWater };
    }
  }
  if (!hasKeys) throw new Damage('bucket-entry', null, 'there is no bucket of keys');
  const { live, counts } = keys.live.isFull ? yield* countByShares(file, meta.highWater, slotsMax) : { live: keys.live.size, counts: keys.counts };
  const { revision, newestKey } = keys;
  return {
    hash, revision, totalKey: live, totalRecords, totalSize: meta.highWater * meta.pageSize, registry: counts.byGroup, elsewhere: counts.elsewhere, newestKey,
    validMetaPages: database.valid, ...facts.facts,
    kvHash: withKvHash && !keys.live.isFull ? yield* hashKeyValues(file, keys.live, revision, facts.facts) : null,
  };
}

function readLeaf({ name }: Bucket, leaf: Leaf, keys: KeyReader, facts: DatastoreFactsReader): void {
  if (name === 'key') keys.read(leaf);
  else eachEntry(leaf, (keyFrom, valueFrom, to) => facts.read(name, leaf.bytes, keyFrom, valueFrom, to));
}

/** Each half of the keys by a walk of its own, or again by halves. */
function* countByShares(file: ByteRanges, pages: number, slotsMax: number): Generator<WalkProgress, { readonly live: number; readonly counts: RegistryCounts }, void> {
  const counts = new RegistryCounts();
  let live = 0;
  let walks = 1;
  const left: Share[] = [...halvesOf(WHOLE)];
  for (let share = left.pop(); share !== undefined; share = left.pop()) {
    const keys = new KeyReader(share, slotsMax);
    for (const seen of keyLeaves(file, keys)) {
      yield { pages: walks * pages + seen, of: (walks + 1 + left.length) * pages };
      if (keys.live.isFull) break;
    }
    walks += 1;
    if (keys.live.isFull) left.push(...halvesOf(share));
    else {
      live += keys.live.size;
      counts.merge(keys.counts);
    }
  }
  return { live, counts };
}

function* keyLeaves(file: ByteRanges, keys: KeyReader): Generator<number, void> {
  const database = openDatabase(file);
  for (const bucket of database.buckets()) {
    if (bucket.name !== 'key') continue;
    for (const leaf of bucket.leaves()) {
      keys.read(leaf);
      yield database.pagesSeen;
    }
    return;
  }
}
