import type { KeyValueHash } from '../../shared/domain/snapshot.ts';
import type { Failure } from '../../shared/trust/failure.ts';

/** Where a member is asked, and what with. */
export interface EtcdPlace {
  /** `https://127.0.0.1:2379`. */
  readonly endpoint: string;
  /** PEM files, read whenever a connection is opened: they may have been renewed since. */
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/**
 * One member of an etcd cluster, asked directly. That it does not answer, or refuses, is an answer too: nothing here rejects but
 * by the signal. Ids are unsigned 64-bit numbers and therefore text, in decimal; revisions stay far below 2^53.
 */
export interface EtcdMember {
  status(signal: AbortSignal): Promise<EtcdAnswer<EtcdStatus>>;
  /** As the cluster has agreed on it, where etcd is 3.5 or newer; an older member tells what it knows. */
  members(signal: AbortSignal): Promise<EtcdAnswer<readonly EtcdPeer[]>>;
  /** Of every member of the cluster. */
  alarms(signal: AbortSignal): Promise<EtcdAnswer<readonly EtcdAlarm[]>>;
  /** Idempotent. What raised it must be gone, or it comes back. */
  disarm(alarm: EtcdAlarm, signal: AbortSignal): Promise<EtcdAnswer<null>>;
  /** @param revision 0: the newest. Hashes of two members are comparable at one revision and one compact revision */
  hashKv(revision: number, signal: AbortSignal): Promise<EtcdAnswer<EtcdHash>>;
  keys(range: EtcdRange, signal: AbortSignal): Promise<EtcdAnswer<EtcdKeys>>;
  /** Resolves when the old revisions are gone from this member's database. */
  compact(revision: number, signal: AbortSignal): Promise<EtcdAnswer<null>>;
  /** The member answers nobody until it is done, which may take minutes. An abort ends the waiting, not the work. */
  defragment(signal: AbortSignal): Promise<EtcdAnswer<null>>;
  /** Asked of the leader; of any other member it is refused as `not-leader`. */
  moveLeader(toMemberId: string, signal: AbortSignal): Promise<EtcdAnswer<null>>;
  /**
   * Streams the whole database, as of the moment when it begins, and after it the sha256 of it.
   *
   * @param take gets each part when it has taken the one before; the bytes are its own until it resolves. What it throws ends
   *   the stream, and is thrown.
   */
  snapshot(take: (part: SnapshotPart) => Promise<void>, signal: AbortSignal): Promise<EtcdAnswer<null>>;
}

/** What can be asked of a member without changing anything. */
export type EtcdReads = Pick<EtcdMember, 'status' | 'hashKv' | 'keys'>;

export type EtcdAnswer<T> = { readonly ok: true; readonly value: T } | Failure<EtcdCode>;

/**
 * unreachable                       nobody listens, or the connection broke
 * time-out                          no answer within the limit, of the member or of its cluster
 * no-leader                         the member is up and its cluster has no quorum
 * certificate-unreadable            one of our files is not there, or no PEM
 * server-not-trusted                the member's certificate is of another authority, or for another name
 * server-certificate-expired        the member's
 * server-certificate-not-yet-valid  the member's, or a clock is wrong
 * client-not-trusted                the member refuses our certificate
 * client-certificate-expired        ours
 * client-certificate-not-yet-valid  ours, or a clock is wrong
 * permission-denied                 etcd's own authentication is on and asks for more
 * not-leader                        only the leader does that
 * learner                           a learner does not do that
 * no-space                          alarm NOSPACE: the quota is used up
 * corrupt                           alarm CORRUPT
 * compacted                         that revision is gone
 * future-revision                   that revision is not there yet
 * overloaded                        too many requests wait already
 * unsupported                       this is no etcd, or one that cannot do it: Kine, which K3s puts before SQL
 * refused                           whatever else the member says
 */
export type EtcdCode =
  | 'unreachable' | 'time-out' | 'no-leader'
  | 'certificate-unreadable' | 'server-not-trusted' | 'server-certificate-expired' | 'server-certificate-not-yet-valid'
  | 'client-not-trusted' | 'client-certificate-expired' | 'client-certificate-not-yet-valid'
  | 'permission-denied' | 'not-leader' | 'learner' | 'no-space' | 'corrupt' | 'compacted' | 'future-revision' | 'overloaded' | 'unsupported' | 'refused';

export interface EtcdStatus {
  readonly clusterId: string;
  readonly memberId: string;
  /** The newest that this member has applied. */
  readonly revision: number;
  /** `3.5.16`. */
  readonly version: string;
  /** Of the file, with what is free in it. */
  readonly dbSizeBytes: number;
  readonly dbSizeInUseBytes: number;
  /** Null where the member does not say it: before etcd 3.6. */
  readonly dbQuotaBytes: number | null;
  /** Null where this member knows of no leader. */
  readonly leaderId: string | null;
  readonly isLearner: boolean;
  readonly raftTerm: number;
  readonly raftIndex: number;
  readonly raftAppliedIndex: number;
  /** What the member complains of, alarms among it. */
  readonly errors: readonly string[];
}

export interface EtcdPeer {
  readonly id: string;
  /** Empty until the member has started once. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface EtcdAlarm {
  readonly memberId: string;
  readonly alarm: 'no-space' | 'corrupt';
}

export interface EtcdHash extends KeyValueHash {
  /** What the member had applied when it answered. */
  readonly revision: number;
}

export interface EtcdRange {
  /** Every key that begins so; '' stands for all. */
  readonly prefix: string;
  /** 0: none, only their count. */
  readonly limit: number;
  /** 0: the newest. */
  readonly revision: number;
  /** Asked of this member alone: answered without a quorum, and maybe with what is old. */
  readonly serializable: boolean;
}

export interface EtcdKeys {
  /** How many there are, whatever the limit. */
  readonly count: number;
  /** Of the whole store, when this was read. */
  readonly revision: number;
  readonly keys: readonly EtcdKey[];
}

export interface EtcdKey {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly modRevision: number;
}

export interface SnapshotPart {
  readonly blob: Uint8Array;
  /** Of the database; the sha256 that may follow it is not counted. */
  readonly remainingBytes: number;
}
