import { basename } from 'node:path';

import { generateIdentity, type Identity } from '../../shared/age/age-keys.ts';
import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { Failure } from '../../shared/trust/failure.ts';
import { openFolder } from './catalogue/open-folder.ts';
import { SnapshotCatalogue } from './catalogue/snapshot-catalogue.ts';
import { openPlainFileSink } from './plain-file-sink.ts';
import { type Proof, proveSnapshot } from './prove/prove-snapshot.ts';
import { openSealedFileSink } from './sealed/sealed-file-sink.ts';
import { newSnapshotId } from './snapshot-id.ts';
import type { ProveAtOnce, SnapshotOrder, TakePlace } from './snapshot-order.ts';
import type { TakeCode } from './take-etcd-snapshot.ts';
import { takeOfEtcd } from './take-of-etcd.ts';
import { takeOfSqlite, type TakeSqliteCode } from './take-of-sqlite.ts';

export type SnapshotTaken =
  /** `proof`: how that ended, where one was asked for; whatever it says, the snapshot is kept. */
  | { readonly ok: true; readonly record: SnapshotRecord; readonly proof: Proof | null }
  | Failure<TakeCode | TakeSqliteCode>;

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
