import { basename } from 'node:path';

import { generateIdentity, type Identity, type Recipient } from '../../shared/age/age-keys.ts';
import type { FleetName, NodeName } from '../../shared/domain/ids.ts';
import type { ProofPhase } from '../../shared/domain/proof-record.ts';
import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Random } from '../../shared/ports/random.ts';
import type { Failure } from '../../shared/trust/failure.ts';
import type { EtcdMember, EtcdPlace } from '../ports/etcd.ts';
import { openFolder } from './catalogue/open-folder.ts';
import { SnapshotCatalogue } from './catalogue/snapshot-catalogue.ts';
import type { LocalDatastore } from './local-datastore.ts';
import { openPlainFileSink } from './plain-file-sink.ts';
import { type Proof, type ProofOrder, proveSnapshot } from './prove/prove-snapshot.ts';
import { openSealedFileSink } from './sealed/sealed-file-sink.ts';
import { newSnapshotId } from './snapshot-id.ts';
import type { SnapshotSink } from './snapshot-sink.ts';
import type { TakeCode } from './take-etcd-snapshot.ts';
import { takeOfEtcd } from './take-of-etcd.ts';
import { takeOfSqlite, type TakeSqliteCode } from './take-of-sqlite.ts';

export interface SnapshotOrder {
  readonly datastore: LocalDatastore;
  /** Null: the datastore's own id, or the node's name where it has none. */
  readonly cluster: string | null;
  readonly node: NodeName;
  /** Who can open it. None: it lies there as it is. */
  readonly recipients: readonly Recipient[];
  /** Of the catalogue: nothing else may write into it. */
  readonly folder: string;
  /** Null: as fast as it goes. */
  readonly maxBytesPerS: number | null;
  /** Whether it is proved at once; null where it is not. */
  readonly prove: ProveAtOnce | null;
  /** For what is restored, and for a plain copy of SQLite's database while that is read. */
  readonly scratch: Pick<ProofOrder, 'scratchFolder' | 'programs'>;
  readonly memberOf: (place: EtcdPlace) => EtcdMember;
  readonly onProgress: (progress: SnapshotProgress) => void;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ProveAtOnce extends Pick<ProofOrder, 'toolsFolder' | 'memberAt' | 'maxMs'> {
  readonly fleet: FleetName;
}

export type SnapshotProgress =
  /** The member hashes all that it holds, to be compared with. */
  | { readonly doing: 'look' }
  | { readonly doing: 'take'; readonly takenBytes: number; readonly remainingBytes: number }
  | { readonly doing: 'prove'; readonly phase: ProofPhase };

export type SnapshotTaken =
  /** `proof`: how that ended, where one was asked for; whatever it says, the snapshot is kept. */
  | { readonly ok: true; readonly record: SnapshotRecord; readonly proof: Proof | null }
  | Failure<TakeCode | TakeSqliteCode>;

/** What the record of a taking says that only the datastore knows. */
export type TakenFacts = Pick<SnapshotRecord, 'clusterId' | 'member' | 'revision' | 'liveKeys' | 'version' | 'takenUnixMs' | 'look' | 'plain' | 'sealed' | 'token'>;

/** Where a taking writes, and how it is read there. */
export interface TakePlace {
  readonly folder: string;
  readonly name: string;
  readonly openSink: (path: string, signal: AbortSignal) => Promise<SnapshotSink>;
}

/**
 * Takes a snapshot of this host's datastore into its catalogue. A proof at once opens it with a key that is made here and
 * forgotten here: nothing that stays on this host opens what lies on it. A proof that fails leaves the snapshot, without a
 * proof: a person may want it all the same.
 *
 * @throws the signal's reason
 */
export async function takeSnapshot(order: SnapshotOrder, signal: AbortSignal): Promise<SnapshotTaken> {
  const { datastore, recipients, folder, node, prove } = order;
  const catalogue = new SnapshotCatalogue(await openFolder(folder));
  await catalogue.removeHalfWritten();
  const id = newSnapshotId(order.clock.wallUnixMs(), order.random);
  const forProof = prove === null || recipients.length === 0 ? null : generateIdentity();
  const readers = [...recipients, ...(forProof === null ? [] : [forProof.recipient])];
  const place: TakePlace = {
    folder, name: basename(catalogue.pathOf(id)),
    openSink: (path, stop) => (readers.length === 0 ? openPlainFileSink(path, stop) : openSealedFileSink(path, readers, stop)),
  };
  const taken = await (datastore.kind === 'etcd' ? takeOfEtcd(datastore, place, order, signal) : takeOfSqlite(datastore, place, order, signal));
  if (!taken.ok) return taken;
  const { facts } = taken;
  const record: SnapshotRecord = {
    id, cluster: order.cluster ?? facts.clusterId ?? node, datastore: datastore.kind, ...facts,
    sealed: facts.sealed === null ? null : { ...facts.sealed, recipients: recipients.map(({ fingerprint }) => fingerprint) },
    copies: [{ kind: 'host', node }], proof: null,
  };
  await catalogue.put(record);
  return { ok: true, record, proof: prove === null ? null : await proved(record, catalogue.pathOf(id), forProof, prove, order, signal) };
}

async function proved(record: SnapshotRecord, path: string, forProof: Identity | null, { fleet, toolsFolder, memberAt, maxMs }: ProveAtOnce, { node, scratch, clock, onProgress }: SnapshotOrder, signal: AbortSignal): Promise<Proof> {
  const identities = forProof === null ? [] : [forProof];
  return await proveSnapshot({ record, path, identities, toolsFolder, ...scratch, memberAt, prover: { fleet, node }, maxMs, clock, onPhase: (phase) => onProgress({ doing: 'prove', phase }) }, signal);
}
