import type { Digest, Epoch, FleetName, NodeName } from './ids.ts';
import type { SnapshotId, SnapshotRecord } from './snapshot.ts';

/** Random, of one command; part of file and unit names. */
export type SnapshotCommandId = string;

export const SNAPSHOT_COMMAND_ID_PATTERN = /^[0-9a-f]{16,64}$/;

/** More people than keep a key each; a header with so many stanzas still fits what every reader of age takes. */
export const RECIPIENTS_MAX = 16;

/** What one host is to do with snapshots: it disrupts nothing, so it takes no slot. The same id again changes nothing. */
export interface SnapshotCommand {
  readonly id: SnapshotCommandId;
  readonly fleet: FleetName;
  readonly node: NodeName;
  readonly epoch: Epoch;
  readonly issuedUnixMs: number;
  /** Not begun by then, it is refused. */
  readonly expiresUnixMs: number;
  readonly action: SnapshotAction;
}

/**
 * take    a snapshot of this host's datastore, sealed for `recipients` (age1...); proved at once where `prove` says so
 * prove   another host's: its sealed bytes are fetched as an artifact
 * send    the file as it lies here, to the coordinator
 * delete  from this host
 */
export type SnapshotAction =
  | { readonly kind: 'take'; readonly cluster: string; readonly recipients: readonly string[]; readonly prove: boolean }
  | { readonly kind: 'prove'; readonly snapshot: SnapshotRecord; readonly tools: readonly ProofToolRef[] }
  | { readonly kind: 'send'; readonly snapshot: SnapshotId }
  | { readonly kind: 'delete'; readonly snapshot: SnapshotId };

export const PROOF_TOOLS = ['etcd', 'etcdutl', 'etcdctl'] as const;

/** One of etcd's own programs, to be fetched as an artifact. */
export interface ProofToolRef {
  readonly name: (typeof PROOF_TOOLS)[number];
  readonly sha256: Digest;
  readonly size: number;
}

/**
 * ok               done
 * refused          not by a key of the fleet, of an old epoch, too late, or for another host
 * running          another snapshot or proof is under way on the host: ask again later
 * not-found        the host has no such snapshot
 * snapshot-failed  none was taken, or the file is damaged
 * no-prover        this host cannot prove it
 * restore-failed   it could not be restored
 * mismatch         what was restored is not what was there
 * send-failed      it did not reach the coordinator; what did is kept, and the next time goes on from there
 * interrupted      it ended without a word: a crash or a power cut
 */
export const SNAPSHOT_CODES = ['ok', 'refused', 'running', 'not-found', 'snapshot-failed', 'no-prover', 'restore-failed', 'mismatch', 'send-failed', 'interrupted'] as const;
export type SnapshotCode = (typeof SNAPSHOT_CODES)[number];

/** How a command ended on its host. The signed proof travels beside it. */
export interface SnapshotOutcome {
  readonly command: SnapshotCommandId;
  readonly code: SnapshotCode;
  /** Cause and remedy; '' where all went well. */
  readonly message: string;
  /** That was taken or proved; null where there is none. */
  readonly snapshot: SnapshotRecord | null;
  /** Of a proof: until the sealed bytes and the tools were there. */
  readonly fetchMs: number;
}

/** How far a command is, as one line for people; a line that is lost is no harm. */
export interface SnapshotProgress {
  readonly command: SnapshotCommandId;
  readonly doing: string;
}
