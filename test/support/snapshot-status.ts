import { mustRun } from '../fleet/run-program.ts';
import { type EtcdPrograms, etcdutlProgram } from './etcd-programs.ts';

/** What etcd's own tool says of a snapshot. */
export interface SnapshotStatus {
  readonly hash: number;
  readonly revision: number;
  /** All records, in 3.4 and in 3.5. */
  readonly totalKey: number;
  readonly totalSize: number;
}

/** By the tool of that release: etcdctl of 3.4, etcdutl of 3.5. @throws where it refuses the file. */
export async function snapshotStatus({ suite, etcdctl }: EtcdPrograms, path: string): Promise<SnapshotStatus> {
  const argv = suite === 'bookworm' ? [etcdctl] : [await etcdutlProgram()];
  const { hash, revision, totalKey, totalSize } = JSON.parse(await mustRun([...argv, '--write-out=json', 'snapshot', 'status', path], { timeoutMs: 120_000, env: { ...process.env, ETCDCTL_API: '3' } })) as SnapshotStatus;
  return { hash, revision, totalKey, totalSize };
}
