import { grpcEtcdMember } from '../../agent/adapters/etcd/grpc-etcd-member.ts';
import { grpcEtcdSocket } from '../../agent/adapters/etcd/grpc-etcd-socket.ts';
import { childScratchPrograms } from '../../agent/adapters/scratch-programs/child-scratch-programs.ts';
import type { LocalDatastore } from '../../agent/snapshots/local-datastore.ts';
import type { SnapshotOrder } from '../../agent/snapshots/snapshot-order.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import { systemRandom } from '../../shared/ports/system-random.ts';
import type { RunningEtcd } from './etcd-server.ts';

/** Where a host keeps what has to do with snapshots, and who can open those. */
export type SnapshotPlaces = Pick<SnapshotOrder, 'folder' | 'recipients'> & { readonly scratchFolder: string; readonly toolsFolder: string };

const PROVE_MAX_MS = 60_000;

/** To take one as an agent does, proved at once. */
export function snapshotOrder(datastore: LocalDatastore, { folder, recipients, scratchFolder, toolsFolder }: SnapshotPlaces): SnapshotOrder {
  return {
    datastore, cluster: 'prod', node: 'cp-1', recipients, folder, maxBytesPerS: null,
    prove: { fleet: 'demo', toolsFolder, memberAt: (socket) => grpcEtcdSocket(socket, systemClock), maxMs: PROVE_MAX_MS },
    scratch: { scratchFolder, programs: childScratchPrograms }, memberOf: (place) => grpcEtcdMember(place, systemClock), onProgress: () => undefined, clock: systemClock, random: systemRandom,
  };
}

/** As kubeadm has one. */
export function etcdDatastore({ place, dataDir }: Pick<RunningEtcd, 'place' | 'dataDir'>): LocalDatastore {
  return { kind: 'etcd', installation: 'kubeadm', etcd: { ...place, dataDir } };
}
