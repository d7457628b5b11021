import { createHash } from 'node:crypto';

import type { DatastoreLook } from '../../../shared/domain/snapshot.ts';
import type { EtcdAnswer, EtcdReads } from '../../ports/etcd.ts';

const KUBE_SYSTEM = '/registry/namespaces/kube-system';

/**
 * Asked of a member when a snapshot is taken, and again of the member that was restored from it. It hashes the whole key
 * space: seconds of a disk for each GB.
 *
 * @param revision 0: the newest, which the answer names
 */
export async function lookAtDatastore(member: EtcdReads, revision: number, signal: AbortSignal): Promise<EtcdAnswer<DatastoreLook>> {
  const all = await member.keys({ prefix: '', limit: 0, revision, serializable: true }, signal);
  if (!all.ok) return all;
  const at = revision === 0 ? all.value.revision : revision;
  const registry = await member.keys({ prefix: '/registry/', limit: 0, revision: at, serializable: true }, signal);
  if (!registry.ok) return registry;
  const namespaces = await member.keys({ prefix: KUBE_SYSTEM, limit: 1, revision: at, serializable: true }, signal);
  if (!namespaces.ok) return namespaces;
  const hash = await hashAt(member, at, signal);
  if (!hash.ok) return hash;
  // Others may begin with its name; the first in order is the name itself, where it is there.
  const [first] = namespaces.value.keys;
  const kubeSystem = first?.key.toString('utf8') === KUBE_SYSTEM ? createHash('sha256').update(first.value).digest('hex') : null;
  return { ok: true, value: { revision: at, keys: all.value.count, registryKeys: registry.value.count, kubeSystem, hash: hash.value } };
}

async function hashAt(member: EtcdReads, revision: number, signal: AbortSignal): Promise<EtcdAnswer<DatastoreLook['hash']>> {
  const named = await member.hashKv(revision, signal);
  if (named.ok || named.code !== 'compacted') return named;
  // A member does not hash the revision that it compacted to, but as its newest.
  const newest = await member.hashKv(0, signal);
  return newest.ok && newest.value.revision !== revision ? { ok: true, value: null } : newest;
}
