import type { WrittenSnapshot } from './snapshot-sink.ts';

/** A snapshot that was taken whole: the bytes of the database, then their sha256 (32 bytes), plain or sealed. */
export interface TakenSnapshot extends WrittenSnapshot {
  readonly path: string;
  /** Every key as of this revision is in it; it may hold newer ones. */
  readonly revision: number;
  /** Decimal: these have 64 bits. */
  readonly clusterId: string;
  readonly memberId: string;
  /** etcd restores it with this major and minor. */
  readonly etcdVersion: string;
  /** When the member was asked for it. */
  readonly takenUnixMs: number;
}
