import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

import { grpcEtcdMember } from '../../agent/adapters/etcd/grpc-etcd-member.ts';
import { grpcEtcdSocket } from '../../agent/adapters/etcd/grpc-etcd-socket.ts';
import { childScratchPrograms } from '../../agent/adapters/scratch-programs/child-scratch-programs.ts';
import type { SnapshotSink } from '../../agent/snapshots/snapshot-sink.ts';
import { lookAtDatastore } from '../../agent/snapshots/prove/look-at-datastore.ts';
import type { ProofOrder } from '../../agent/snapshots/prove/proof-order.ts';
import { takeEtcdSnapshot } from '../../agent/snapshots/take-etcd-snapshot.ts';
import type { DatastoreLook, SnapshotRecord } from '../../shared/domain/snapshot.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';
import type { EtcdPrograms } from './etcd-programs.ts';
import { type RunningEtcd, startEtcd } from './etcd-server.ts';
import { etcdToolsFolder } from './etcd-tools.ts';

/** A living member with something in it, and what is needed to prove snapshots of it. */
export interface ProofLab {
  readonly etcd: RunningEtcd;
  readonly folder: string;
  /** What the member says now. */
  look(): Promise<DatastoreLook>;
  /** Takes a snapshot. */
  take(name: string, openSink?: (path: string, signal: AbortSignal) => Promise<SnapshotSink>): Promise<{ readonly path: string; readonly record: SnapshotRecord }>;
  /** To prove that snapshot, before which the member said that. */
  order(snapshot: { readonly path: string; readonly record: SnapshotRecord }, look: DatastoreLook | null): ProofOrder;
  /** Neither a file nor a process, and the next proof is not kept out. */
  expectNothingLeft(): void;
  dispose(): Promise<void>;
}

const never = new AbortController().signal;

export async function proofLab(programs: EtcdPrograms): Promise<ProofLab> {
  const etcd = await startEtcd(programs);
  const folder = mkdtempSync(join(tmpdir(), 'farrier-prove-'));
  const toolsFolder = etcdToolsFolder(join(folder, 'tools'), programs);
  const scratchFolder = join(folder, 'scratch');
  const member = grpcEtcdMember(etcd.place, systemClock);
  await etcd.fill({ prefix: '/registry/pods/default', count: 200, valueBytes: 2_000 });
  await etcd.ctl('put', '/registry/namespaces/kube-system', 'the one of this cluster');
  await etcd.ctl('put', '/registry/namespaces/kube-system-too', 'another');
  await etcd.ctl('put', 'elsewhere', 'x');
  await etcd.ctl('del', '/registry/pods/default/7');
  return {
    etcd, folder,
    look: async () => {
      const looked = await lookAtDatastore(member, 0, never);
      if (!looked.ok) throw new Error(looked.message);
      return looked.value;
    },
    take: async (name, openSink) => {
      const taken = await takeEtcdSnapshot({ member, folder: join(folder, 'snapshots'), name, maxBytesPerS: null, clock: systemClock, ...(openSink === undefined ? {} : { openSink }) }, never);
      if (!taken.ok) throw new Error(taken.message);
      const { path, clusterId, memberId, revision, etcdVersion, takenUnixMs, plain, sealed } = taken.snapshot;
      return { path, record: { id: 'one', cluster: 'prod', datastore: 'etcd', clusterId, member: { id: memberId, name: 'm0' }, revision, liveKeys: null, version: etcdVersion, takenUnixMs, look: null, plain, sealed, copies: [], proof: null } };
    },
    order: ({ path, record }, look) => ({
      path, record: { ...record, look }, identities: [], toolsFolder, scratchFolder, programs: childScratchPrograms, memberAt: (socket) => grpcEtcdSocket(socket, systemClock), prover: { fleet: 'demo', node: 'worker-1' }, maxMs: 60_000, clock: systemClock,
    }),
    expectNothingLeft: () => {
      expect(processesIn(scratchFolder)).toEqual([]);
      expect(existsSync(scratchFolder)).toBe(false);
    },
    dispose: async () => {
      await etcd.dispose();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Those that work there, or worked there before it was removed. */
export function processesIn(folder: string): readonly string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && cwdOf(name).startsWith(folder));
}

function cwdOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
