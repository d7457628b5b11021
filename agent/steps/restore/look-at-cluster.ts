import { REVISION_BUMP, type RestoredMember } from '../../../shared/domain/steps/restore-specs.ts';
import type { EtcdSetup } from '../../facts/etcd-setup.ts';
import type { EtcdStatus } from '../../ports/etcd.ts';
import type { RestoreParts } from './restore-parts.ts';
import type { ExpectedDatastore } from './stage-snapshot.ts';

export interface Expected extends ExpectedDatastore {
  /** Revisions were raised. */
  readonly isRaised: boolean;
}

/** @returns what a cluster of all these members with all that the snapshot holds still lacks, as this host sees it; '' where it is whole. */
export async function whatClusterLacks({ memberAt }: RestoreParts, setup: EtcdSetup, members: readonly RestoredMember[], expected: Expected, signal: AbortSignal): Promise<string> {
  const own = memberAt(setup.place);
  const all = members.map(({ name, clientUrl }) => ({ name, etcd: name === setup.name ? own : memberAt({ ...setup.place, endpoint: clientUrl }) }));
  const statuses: EtcdStatus[] = [];
  for (const { name, etcd } of all) {
    const status = await etcd.status(signal);
    if (!status.ok) return `${name} does not answer: ${status.message}`;
    statuses.push(status.value);
  }
  if (new Set(statuses.map(({ clusterId }) => clusterId)).size > 1) return 'its members are still of two clusters';
  const listed = await own.members(signal);
  if (!listed.ok) return listed.message;
  const names = listed.value.map(({ name }) => name).toSorted();
  if (names.join() !== members.map(({ name }) => name).toSorted().join()) return `it has the members ${names.map((name) => name || 'one that never started').join(', ')}`;
  const revision = expected.revision + (expected.isRaised ? REVISION_BUMP : 0);
  // By a quorum.
  const now = await own.keys({ prefix: '', limit: 0, revision: 0, serializable: false }, signal);
  if (!now.ok) return now.message;
  if (now.value.revision < revision) return `it is at revision ${now.value.revision}, and the snapshot's is ${revision}`;
  // Leases go on ending in it: what was restored is counted at the revision that it had.
  const then = await own.keys({ prefix: '', limit: 0, revision, serializable: true }, signal);
  if (!then.ok) return then.message;
  if (then.value.count !== expected.keys) return `it holds ${then.value.count} keys, and the snapshot ${expected.keys}`;
  return compareHashes(all, signal);
}

type Asked = readonly { readonly name: string; readonly etcd: ReturnType<RestoreParts['memberAt']> }[];

/** At one revision and one compact revision equal members hash to the same. */
async function compareHashes(all: Asked, signal: AbortSignal): Promise<string> {
  const hashes: string[] = [];
  for (const { name, etcd } of all) {
    const hash = await etcd.hashKv(0, signal);
    if (!hash.ok) return `${name} does not hash its keys: ${hash.message}`;
    hashes.push(`${hash.value.hash} at revision ${hash.value.revision} compacted to ${hash.value.compactRevision}`);
  }
  return new Set(hashes).size === 1 ? '' : `its members do not hold the same: ${all.map(({ name }, index) => `${name} ${hashes[index]}`).join(', ')}`;
}
