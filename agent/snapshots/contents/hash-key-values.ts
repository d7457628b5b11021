import type { ByteRanges } from '../bolt/byte-ranges.ts';
import { openDatabase } from '../bolt/open-database.ts';
import { crc32c } from '../crc32c.ts';
import type { DatastoreFacts } from './datastore-facts.ts';
import { eachEntry } from './each-entry.ts';
import { KeyRecord } from './key-record.ts';
import type { LiveKeys } from './live-keys.ts';
import type { WalkProgress } from './walk-progress.ts';

/** What a member answers to Maintenance.HashKV at the newest revision of the snapshot; compared only at equal compact revisions. */
export interface KvHash {
  readonly hash: number;
  readonly revision: number;
  /** -1 where nothing was compacted. */
  readonly compactRevision: number;
}

/**
 * The rules of kvHasher and of treeIndex.Keep (etcd, server/storage/mvcc/hash.go and index.go): whatever came after the
 * compaction counts, and of what came before it the newest record of each key that still lives. So a member that has not
 * yet removed what was compacted answers the same as one that has.
 */
export function* hashKeyValues(file: ByteRanges, live: LiveKeys, revision: number, facts: DatastoreFacts): Generator<WalkProgress, KvHash, void> {
  const compactRevision = Math.max(facts.scheduledCompactRevision, facts.finishedCompactRevision);
  const database = openDatabase(file);
  const of = 2 * database.meta.highWater;
  const record = new KeyRecord();
  let hash = 0;
  for (const bucket of database.buckets()) {
    if (bucket.name !== 'key') continue;
    hash = crc32c(hash, bucket.nameBytes);
    for (const leaf of bucket.leaves()) {
      const { page, bytes } = leaf;
      eachEntry(leaf, (keyFrom, valueFrom, to) => {
        record.read(page, bytes, keyFrom, valueFrom, to);
        // Newer members keep a tombstone that they compact to, older ones do not: it counts for neither.
        if (record.isTombstone && record.revision === compactRevision) return;
        // Where no key lives, a member skips nothing.
        if (record.revision > compactRevision || live.size === 0 || live.newestOf(bytes, record.keyFrom, record.keyTo) === record.revision) hash = crc32c(hash, bytes, keyFrom, to);
      });
      yield { pages: of / 2 + database.pagesSeen, of };
    }
    break;
  }
  return { hash, revision: Math.max(revision, compactRevision), compactRevision: compactRevision === 0 ? -1 : compactRevision };
}
