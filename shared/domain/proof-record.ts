import type { Digest, FleetName, NodeName } from './ids.ts';
import type { ComparedFact, Datastore, SnapshotId, SnapshotProof } from './snapshot.ts';

/**
 * digest           the bytes, by their sha256
 * structure        the trailer or the archive holds, and every page of the database can be read
 * revision         the newest
 * live-keys        how many
 * registry-keys    of them below /registry/
 * key-value-hash   etcd's own hash of all keys and values up to one revision
 * member           that it was taken from is a member of the cluster in it
 * kube-system      the namespace, which lives as long as its Kubernetes cluster
 * token            of K3s, without which nobody can use its SQLite
 */
export const PROOF_FACTS = ['digest', 'structure', 'revision', 'live-keys', 'registry-keys', 'key-value-hash', 'member', 'kube-system', 'token'] as const;
export type ProofFact = (typeof PROOF_FACTS)[number];

/**
 * record    the catalogue's entry
 * member    what the living member said when the snapshot was taken
 * snapshot  what our own reader finds in the file
 */
export const PROOF_SIDES = ['record', 'member', 'snapshot'] as const;
export type ProofSide = (typeof PROOF_SIDES)[number];

export const PROOF_OUTCOMES = ['same', 'different', 'not-compared'] as const;
export type ProofOutcome = (typeof PROOF_OUTCOMES)[number];

/** One value that was expected, and the one that was found in what was restored. */
export interface ProofComparison {
  readonly fact: ProofFact;
  readonly against: ProofSide;
  readonly expected: string;
  readonly found: string;
  readonly outcome: ProofOutcome;
  /** Why not, where it was not compared; '' otherwise. */
  readonly because: string;
}

/**
 * prepare  room and tools
 * unseal   nothing where the snapshot is not sealed
 * check    sha256 and structure
 * restore  by etcd's own tool; nothing of SQLite, which `check` unpacks
 * start    of etcd on what was restored, until it answers; nothing of SQLite
 * compare
 * clean    nothing is left
 */
export const PROOF_PHASES = ['prepare', 'unseal', 'check', 'restore', 'start', 'compare', 'clean'] as const;
export type ProofPhase = (typeof PROOF_PHASES)[number];

/** A snapshot was restored in a scratch place, and what came up there is what was taken. */
export interface ProofRecord {
  readonly fleet: FleetName;
  readonly cluster: string;
  readonly prover: NodeName;
  readonly datastore: Datastore;
  readonly snapshot: {
    readonly id: SnapshotId;
    /** Of the plain bytes. */
    readonly digest: Digest;
    /** The newest revision in it. */
    readonly revision: number;
    readonly takenUnixMs: number;
  };
  /** None of them is different. */
  readonly comparisons: readonly ProofComparison[];
  /** With their versions: `etcdutl 3.5.16`. Restoring needs no etcdctl from 3.5 on. Of SQLite it is one library for both. */
  readonly tools: { readonly restore: string; readonly server: string };
  /** What a restore takes (RTO), on the prover's disk. */
  readonly phasesMs: Readonly<Record<ProofPhase, number>>;
  readonly provedUnixMs: number;
}

const CATALOGUED: Readonly<Record<ProofFact, ComparedFact>> = {
  digest: 'digest', structure: 'structure', revision: 'revision', 'live-keys': 'live-keys', 'registry-keys': 'live-keys', 'key-value-hash': 'key-value-hash',
  member: 'cluster-identity', 'kube-system': 'cluster-identity', token: 'token',
};

/** What the catalogue keeps of a proof. */
export function catalogueProof({ provedUnixMs, prover, comparisons }: ProofRecord): SnapshotProof {
  const compared = comparisons.filter(({ outcome }) => outcome === 'same').map(({ fact }) => CATALOGUED[fact]);
  return { provedUnixMs, provedBy: prover, compared: [...new Set(compared)] };
}
