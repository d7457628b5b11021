import type { Digest, NodeName } from './ids.ts';

/** Of one taking; part of file names. */
export type SnapshotId = string;

export const SNAPSHOT_ID_PATTERN = /^[0-9a-z][0-9a-z-]{0,63}$/;

export const DATASTORES = ['etcd', 'sqlite'] as const;
export type Datastore = (typeof DATASTORES)[number];

/** What both sides know of one snapshot of one datastore: an entry of the catalogue. */
export interface SnapshotRecord {
  readonly id: SnapshotId;
  readonly cluster: string;
  readonly datastore: Datastore;
  /** etcd's own, unsigned 64-bit in decimal; null of a datastore that has none. */
  readonly clusterId: string | null;
  /** Where it was taken: the id as above; the name is that of the member, or of the node where there are no members. */
  readonly member: { readonly id: string | null; readonly name: string };
  /** Of the datastore: what came later is not in it. A lower bound. */
  readonly revision: number;
  /** In the snapshot itself; null where nobody counted. */
  readonly liveKeys: number | null;
  /** Of etcd, or of K3s where that keeps the datastore: what can restore it. */
  readonly version: string;
  /** Wall clock of the host that took it. */
  readonly takenUnixMs: number;
  /** What its member said right before; null where it was not asked, and of SQLite. */
  readonly look: DatastoreLook | null;
  /** Of the datastore's bytes. */
  readonly plain: SizedDigest;
  /** Of the file that lies about; null where it holds the plain bytes. */
  readonly sealed: SealedDigest | null;
  /** Of the etcd that K3s or RKE2 embeds, whose authorities in it nothing else opens; absent of any other. */
  readonly token?: SnapshotToken;
  readonly copies: readonly SnapshotCopy[];
  /** The newest; null where nobody has restored it yet. */
  readonly proof: SnapshotProof | null;
}

/** What a member says of its datastore as of one revision. Two that hold the same say the same. */
export interface DatastoreLook {
  readonly revision: number;
  /** All that live. */
  readonly keys: number;
  /** Those of them below /registry/, where Kubernetes keeps its objects. */
  readonly registryKeys: number;
  /** sha256 of the namespace as it is stored; null where it is not there. */
  readonly kubeSystem: Digest | null;
  /** etcd's own, of all keys and values; null where the member cannot hash that revision, because it is compacted. */
  readonly hash: KeyValueHash | null;
}

export interface KeyValueHash {
  /** Unsigned, of 32 bits. */
  readonly hash: number;
  readonly compactRevision: number;
}

export interface SizedDigest {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface SealedDigest extends SizedDigest {
  /** Fingerprints of those who can open it. */
  readonly recipients: readonly Digest[];
}

/** The server token that a restore needs: K3s encrypts with it what a cluster is made of. */
export interface SnapshotToken {
  /** What K3s itself tells tokens apart by: the first 12 hex digits of sha256 of the part after the last colon. */
  readonly hash: string;
  /** A file of age, in base64, for those who can open the snapshot; null where it lies elsewhere, or not at all. */
  readonly sealed: string | null;
}

export const TOKEN_HASH_PATTERN = /^[0-9a-f]{12}$/;
/** Characters, with a stanza for each who can open it. */
export const SEALED_TOKEN_MAX = 4096;

/** Where its bytes lie. */
export type SnapshotCopy =
  | { readonly kind: 'host'; readonly node: NodeName }
  | { readonly kind: 'coordinator' }
  /** A store that an admin named; `key` is within it. */
  | { readonly kind: 'object-store'; readonly store: string; readonly key: string };

/** It was restored in a scratch place, and these were the same there as when it was taken. */
export interface SnapshotProof {
  readonly provedUnixMs: number;
  readonly provedBy: NodeName;
  readonly compared: readonly ComparedFact[];
}

export const COMPARED_FACTS = ['digest', 'structure', 'revision', 'live-keys', 'key-value-hash', 'cluster-identity', 'token'] as const;
export type ComparedFact = (typeof COMPARED_FACTS)[number];

/** How much later than the clock something may have happened before the clock is taken to have gone back: hosts differ a little. */
export const CLOCK_BACK_MAX_MS = 5 * 60_000;

/** Whether the clock stands before what it has already seen: then no age that it gives is true. */
export function clockWentBack(records: readonly SnapshotRecord[], nowUnixMs: number): boolean {
  return records.some(({ takenUnixMs, proof }) => Math.max(takenUnixMs, proof?.provedUnixMs ?? takenUnixMs) > nowUnixMs + CLOCK_BACK_MAX_MS);
}

/** The youngest first; of the same moment, the one that saw more. A total order: it does not depend on that of the catalogue. */
export function newestFirst(records: readonly SnapshotRecord[]): readonly SnapshotRecord[] {
  return records.toSorted((a, b) => b.takenUnixMs - a.takenUnixMs || b.revision - a.revision || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
