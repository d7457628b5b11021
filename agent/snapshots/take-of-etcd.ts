import { failure, type Failure } from '../../shared/trust/failure.ts';
import type { EtcdMember } from '../ports/etcd.ts';
import type { LocalDatastore } from './local-datastore.ts';
import { lookAtDatastore } from './prove/look-at-datastore.ts';
import { type TakeCode, takeEtcdSnapshot } from './take-etcd-snapshot.ts';
import type { SnapshotOrder, TakenFacts, TakePlace } from './snapshot-order.ts';
import { tokenFor } from './token-for.ts';

/** Asks the member on this host what it holds, and then for a snapshot of it. */
export async function takeOfEtcd({ etcd, installation }: Extract<LocalDatastore, { kind: 'etcd' }>, place: TakePlace, order: SnapshotOrder, signal: AbortSignal): Promise<{ readonly ok: true; readonly facts: TakenFacts } | Failure<TakeCode>> {
  const { node, maxBytesPerS, onProgress, clock } = order;
  const member = order.memberOf(etcd);
  onProgress({ doing: 'look' });
  // A member that does not tell may still give a snapshot, and why it does not is said again then.
  const looked = await lookAtDatastore(member, 0, signal);
  const taken = await takeEtcdSnapshot({ member, ...place, maxBytesPerS, clock, onProgress: (progress) => onProgress({ doing: 'take', ...progress }) }, signal);
  if (!taken.ok) return taken;
  const { plain, sealed, revision, clusterId, memberId, etcdVersion, takenUnixMs } = taken.snapshot;
  const look = looked.ok ? looked.value : null;
  if (look !== null && look.revision > revision) return failure('refused', `the member said revision ${look.revision}, and ${revision} a moment later: its data was exchanged in between; see what its log says`);
  const name = (await nameOf(member, memberId, signal)) ?? node;
  const token = installation === 'k3s' || installation === 'rke2' ? await tokenFor(member, etcd, order.recipients, signal) : null;
  return { ok: true, facts: { clusterId, member: { id: memberId, name }, revision, liveKeys: null, version: etcdVersion, takenUnixMs, look, plain, sealed, ...(token === null ? {} : { token }) } };
}

/** Null where its cluster cannot agree on that now. */
async function nameOf(member: EtcdMember, memberId: string, signal: AbortSignal): Promise<string | null> {
  const peers = await member.members(signal);
  return peers.ok ? (peers.value.find(({ id }) => id === memberId)?.name ?? null) : null;
}
