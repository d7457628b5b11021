import type { DrillRecord } from '../../shared/domain/drill.ts';
import type { Digest, NodeName } from '../../shared/domain/ids.ts';
import type { ProofRecord } from '../../shared/domain/proof-record.ts';
import type { SnapshotCommandId } from '../../shared/domain/snapshot-command.ts';
import type { SnapshotCopy, SnapshotId, SnapshotRecord } from '../../shared/domain/snapshot.ts';

/** The log of one cluster's snapshots: what its hosts have, what lies elsewhere, and what was proved. */
export type SnapshotEvent = SnapshotEventBody & { readonly atUnixMs: number };

export type SnapshotEventBody =
  /** New to this log or other than before, and what that host has no more. */
  | { readonly type: 'reported'; readonly node: NodeName; readonly records: readonly SnapshotRecord[]; readonly gone: readonly SnapshotId[] }
  | { readonly type: 'copied'; readonly node: NodeName; readonly id: SnapshotId; readonly copy: OffHostCopy }
  | { readonly type: 'copy-removed'; readonly node: NodeName; readonly id: SnapshotId; readonly copy: OffHostCopy }
  /** Durable before the command is sent: a proof that nobody ordered is not believed, whoever signed it. `digest` null: of what is taken. */
  | { readonly type: 'proof-ordered'; readonly command: SnapshotCommandId; readonly prover: NodeName; readonly digest: Digest | null }
  /** `envelope`: as the prover signed it, in base64. */
  | { readonly type: 'proved'; readonly command: SnapshotCommandId; readonly proof: ProofRecord; readonly envelope: string }
  | { readonly type: 'drilled'; readonly drill: DrillRecord };

export type OffHostCopy = Exclude<SnapshotCopy, { readonly kind: 'host' }>;
