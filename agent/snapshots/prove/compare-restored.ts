import type { ProofComparison, ProofFact, ProofSide } from '../../../shared/domain/proof-record.ts';
import type { DatastoreLook, SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import type { CheckedSnapshot } from '../check-snapshot.ts';
import { GROUPS_MAX } from '../contents/registry-counts.ts';

/** All that is known of one snapshot and of what came up from it. */
export interface RestoredFacts {
  readonly record: SnapshotRecord;
  /** The file, as our own reader sees it. */
  readonly snapshot: CheckedSnapshot;
  /** What the restored member said first. */
  readonly startedRevision: number;
  /** Asked at the newest revision that the file holds. */
  readonly newest: DatastoreLook;
  /** Asked at the revision of the record's look; null where it cannot answer that any more. */
  readonly asTaken: DatastoreLook | null;
}

/** More than any cluster has: what is not shown is compared all the same. */
const MEMBERS_SHOWN_MAX = 16;
/** A datastore in which nothing was ever written is at 1. */
const FIRST_REVISION = 1;

/** The newest revision of what the file holds: compacting may leave no record of it. */
export function newestRevision({ revision, scheduledCompactRevision, finishedCompactRevision }: CheckedSnapshot): number {
  return Math.max(FIRST_REVISION, revision, scheduledCompactRevision, finishedCompactRevision);
}

/** Holds what was restored against all that is known of what was taken. Pure. */
export function compareRestored(facts: RestoredFacts): readonly ProofComparison[] {
  return [...withRecord(facts), ...withSnapshot(facts), ...withMember(facts)];
}

function withRecord({ record, snapshot, startedRevision }: RestoredFacts): readonly ProofComparison[] {
  const against = comparisonsAgainst('record');
  return [
    against.same('digest', record.plain.digest, snapshot.digest),
    // The member was asked for its revision right before it sent the snapshot.
    against.holds('revision', `${record.revision} or newer`, String(startedRevision), startedRevision >= record.revision),
    record.liveKeys === null ? against.not('live-keys', 'they were not counted when it was taken') : against.same('live-keys', record.liveKeys, snapshot.totalKey),
    withMembers(record, snapshot),
  ];
}

/** The restored cluster is a new one: who was in the old one is asked of the file. */
function withMembers({ member }: SnapshotRecord, { members }: CheckedSnapshot): ProofComparison {
  const against = comparisonsAgainst('record');
  if (member.id === null) return against.not('member', 'it was not recorded');
  const id = BigInt(member.id).toString(16);
  const found = members.map((each) => each.id);
  return against.holds('member', id, found.slice(0, MEMBERS_SHOWN_MAX).join(' '), found.includes(id));
}

function withSnapshot({ snapshot, startedRevision, newest }: RestoredFacts): readonly ProofComparison[] {
  const against = comparisonsAgainst('snapshot');
  const expected = newestRevision(snapshot);
  // A lease that ends takes its keys along, which is a revision more: the restored member counts leases from its start.
  const isNewest = startedRevision === expected || (startedRevision > expected && snapshot.leases > 0);
  const groups = Object.values(snapshot.registry);
  return [
    against.holds('structure', 'whole', 'whole', true),
    against.holds('revision', String(expected), String(startedRevision), isNewest),
    against.same('live-keys', snapshot.totalKey, newest.keys),
    groups.length >= GROUPS_MAX ? against.not('registry-keys', 'there are more groups of them than are told apart') : against.same('registry-keys', groups.reduce((sum, count) => sum + count, 0), newest.registryKeys),
    withOwnHash(against, snapshot.kvHash, newest.hash),
  ];
}

function withMember({ record: { look: taken }, newest, asTaken }: RestoredFacts): readonly ProofComparison[] {
  const against = comparisonsAgainst('member');
  const facts = ['live-keys', 'registry-keys', 'kube-system', 'key-value-hash'] as const;
  const none = (because: string): readonly ProofComparison[] => facts.map((fact) => against.not(fact, because));
  if (taken === null) return none('the member was not asked when it was taken');
  const revision = against.holds('revision', `${taken.revision} or newer`, String(newest.revision), newest.revision >= taken.revision);
  if (asTaken === null) return [revision, ...none(`revision ${taken.revision} cannot be read in it`)];
  return [
    revision,
    against.same('live-keys', taken.keys, asTaken.keys),
    against.same('registry-keys', taken.registryKeys, asTaken.registryKeys),
    against.same('kube-system', taken.kubeSystem ?? 'not there', asTaken.kubeSystem ?? 'not there'),
    withHash(against, taken.hash, asTaken.hash),
  ];
}

/** One file, so one compact revision too. */
function withOwnHash(against: Against, expected: DatastoreLook['hash'], found: DatastoreLook['hash']): ProofComparison {
  if (expected === null) return against.not('key-value-hash', 'more keys live than are hashed in one walk');
  if (found === null) return against.not('key-value-hash', 'leases ended and that revision is compacted away');
  const text = ({ hash, compactRevision }: NonNullable<DatastoreLook['hash']>): string => `${hash} compacted to ${compactRevision}`;
  return against.same('key-value-hash', text(expected), text(found));
}

/** Hashes of one revision differ rightly where more, or less, was compacted (etcd, server/storage/mvcc/hash.go). */
function withHash(against: Against, expected: DatastoreLook['hash'], found: DatastoreLook['hash']): ProofComparison {
  if (expected === null || found === null) return against.not('key-value-hash', 'that revision is compacted away');
  if (expected.compactRevision !== found.compactRevision) return against.not('key-value-hash', `it was compacted to ${found.compactRevision}, and to ${expected.compactRevision} then`);
  return against.same('key-value-hash', expected.hash, found.hash);
}

interface Against {
  same(fact: ProofFact, expected: string | number, found: string | number): ProofComparison;
  holds(fact: ProofFact, expected: string, found: string, holds: boolean): ProofComparison;
  not(fact: ProofFact, because: string): ProofComparison;
}

function comparisonsAgainst(against: ProofSide): Against {
  const holds: Against['holds'] = (fact, expected, found, isSame) => ({ fact, against, expected, found, outcome: isSame ? 'same' : 'different', because: '' });
  return {
    holds,
    same: (fact, expected, found) => holds(fact, String(expected), String(found), expected === found),
    not: (fact, because) => ({ fact, against, expected: '', found: '', outcome: 'not-compared', because }),
  };
}
