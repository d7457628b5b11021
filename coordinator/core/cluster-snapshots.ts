import type { DrillRecord } from '../../shared/domain/drill.ts';
import type { Digest, NodeName } from '../../shared/domain/ids.ts';
import { catalogueProof, type ProofRecord } from '../../shared/domain/proof-record.ts';
import type { SnapshotCommandId } from '../../shared/domain/snapshot-command.ts';
import type { SnapshotCopy, SnapshotId, SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { OffHostCopy, SnapshotEvent } from './snapshot-event.ts';

/** What is known of one cluster's snapshots: its log, folded. Values are replaced, never changed in place. */
export interface ClusterSnapshots {
  readonly cluster: string;
  /** Of the last event. */
  readonly sequence: number;
  /** Every one of which some bytes still lie somewhere. */
  readonly snapshots: readonly CataloguedSnapshot[];
  /** By the digest of the plain bytes. */
  readonly proofs: ReadonlyMap<Digest, ProofRecord>;
  readonly orders: readonly ProofOrdered[];
  /** The last is the newest. */
  readonly drills: readonly DrillRecord[];
}

/** `record.copies` and `record.proof` are what this coordinator knows, and not what the host says. */
export interface CataloguedSnapshot {
  /** That took it: an id is of one host. */
  readonly node: NodeName;
  readonly record: SnapshotRecord;
}

export interface ProofOrdered {
  readonly command: SnapshotCommandId;
  readonly prover: NodeName;
  readonly digest: Digest | null;
}

/** Of those the answer may still come. */
const ORDERS_MAX = 16;
const DRILLS_MAX = 16;

export function emptySnapshots(cluster: string): ClusterSnapshots {
  return { cluster, sequence: 0, snapshots: [], proofs: new Map(), orders: [], drills: [] };
}

/** @throws where the event does not follow, or is of a snapshot that nobody knows: then it was not decided on this state. */
export function evolveSnapshots(before: ClusterSnapshots, sequence: number, event: SnapshotEvent): ClusterSnapshots {
  if (sequence !== before.sequence + 1) throw new Error(`event ${sequence} of the snapshots of ${before.cluster} follows ${before.sequence}`);
  return { ...before, ...changed(before, event), sequence };
}

function changed(before: ClusterSnapshots, event: SnapshotEvent): Partial<ClusterSnapshots> {
  switch (event.type) {
    case 'reported':
      return withoutLost(before, reported(before, event));
    case 'copied':
      return { snapshots: withCopies(before, event, (copies) => [...copies.filter((copy) => !isSame(copy, event.copy)), event.copy]) };
    case 'copy-removed':
      return withoutLost(before, withCopies(before, event, (copies) => copies.filter((copy) => !isSame(copy, event.copy))));
    case 'proof-ordered': {
      const { command, prover, digest } = event;
      return { orders: [...before.orders, { command, prover, digest }].slice(-ORDERS_MAX) };
    }
    case 'proved': {
      const { proof, command } = event;
      const snapshots = before.snapshots.map((each) => (each.record.plain.digest === proof.snapshot.digest ? { ...each, record: { ...each.record, proof: catalogueProof(proof) } } : each));
      return { snapshots, proofs: new Map(before.proofs).set(proof.snapshot.digest, proof), orders: before.orders.filter((order) => order.command !== command) };
    }
    case 'drilled':
      return { drills: [...before.drills, event.drill].slice(-DRILLS_MAX) };
  }
}

function reported({ snapshots, proofs }: ClusterSnapshots, { node, records, gone }: Extract<SnapshotEvent, { readonly type: 'reported' }>): readonly CataloguedSnapshot[] {
  const host: SnapshotCopy = { kind: 'host', node };
  const told = new Map(records.map((record) => [record.id, record]));
  const isOf = (each: CataloguedSnapshot): boolean => each.node === node;
  const kept = snapshots.filter((each) => !isOf(each) || !told.has(each.record.id)).map((each) => (isOf(each) && gone.includes(each.record.id) ? { node, record: { ...each.record, copies: elsewhere(each) } } : each));
  const renewed = records.map((record) => {
    const known = snapshots.find((each) => isOf(each) && each.record.id === record.id);
    // Other bytes under the same id are another snapshot: what was copied and proved is not of them.
    const isKnown = known?.record.plain.digest === record.plain.digest;
    const proof = proofs.get(record.plain.digest);
    return { node, record: { ...record, copies: [host, ...(isKnown ? elsewhere(known) : [])], proof: proof === undefined ? null : catalogueProof(proof) } };
  });
  return [...kept, ...renewed];
}

function elsewhere({ record }: CataloguedSnapshot): readonly SnapshotCopy[] {
  return record.copies.filter(({ kind }) => kind !== 'host');
}

function withCopies({ cluster, snapshots }: ClusterSnapshots, { node, id }: { readonly node: NodeName; readonly id: SnapshotId }, change: (copies: readonly SnapshotCopy[]) => readonly SnapshotCopy[]): readonly CataloguedSnapshot[] {
  if (!snapshots.some((each) => each.node === node && each.record.id === id)) throw new Error(`${cluster} has no snapshot ${id} of ${node}`);
  return snapshots.map((each) => (each.node === node && each.record.id === id ? { node, record: { ...each.record, copies: change(each.record.copies) } } : each));
}

/** What lies nowhere any more proves nothing either. */
function withoutLost({ proofs }: ClusterSnapshots, all: readonly CataloguedSnapshot[]): Pick<ClusterSnapshots, 'snapshots' | 'proofs'> {
  const snapshots = all.filter(({ record }) => record.copies.length > 0);
  const there = new Set(snapshots.map(({ record }) => record.plain.digest));
  return { snapshots, proofs: new Map([...proofs].filter(([digest]) => there.has(digest))) };
}

function isSame(copy: SnapshotCopy, other: OffHostCopy): boolean {
  return copy.kind === other.kind && (copy.kind !== 'object-store' || other.kind !== 'object-store' || (copy.store === other.store && copy.key === other.key));
}
