import type { HashKVResponse__Output, RangeResponse__Output, StatusResponse__Output } from '../../../shared/wire/etcd-interface.ts';
import type { EtcdAnswer, EtcdRange, EtcdReads } from '../../ports/etcd.ts';
import { ask } from '../call-grpc.ts';
import type { EtcdClients } from './open-etcd.ts';
import { readHash, readKeys, readStatus } from './read-answers.ts';

/** What a member answers from memory, or from its cluster, which elects a leader within seconds. */
export const LOOK_MAX_MS = 10_000;
/** Many keys, or an election. */
export const READ_MAX_MS = 30_000;
/** Reads, or rewrites, the key space: at most 8 GiB, from a slow disk. */
export const WALK_MAX_MS = 10 * 60_000;

type ReadClients = Pick<EtcdClients, 'kv' | 'maintenance'>;

/** Opens a connection, makes one call and reads its answer. */
type Call = <Response, T>(start: (clients: ReadClients) => Promise<Response>, read: (response: Response) => T, signal: AbortSignal) => Promise<EtcdAnswer<T>>;

export function etcdReads(call: Call): EtcdReads {
  return {
    status: (signal) => call(({ maintenance }) => ask<StatusResponse__Output>((options, done) => maintenance.status({}, options, done), { maxMs: LOOK_MAX_MS, signal }), readStatus, signal),
    hashKv: (revision, signal) =>
      call(({ maintenance }) => ask<HashKVResponse__Output>((options, done) => maintenance.hashKv({ revision }, options, done), { maxMs: WALK_MAX_MS, signal }), (said) => readHash(said, revision), signal),
    keys: (range, signal) => call(({ kv }) => ask<RangeResponse__Output>((options, done) => kv.range(rangeRequest(range), options, done), { maxMs: READ_MAX_MS, signal }), readKeys, signal),
  };
}

/** From the first key with the prefix to the first one past it: no byte of UTF-8 is 0xff. A zero byte stands for either end. */
function rangeRequest({ prefix, limit, revision, serializable }: EtcdRange) {
  const [key, rangeEnd] = prefix === '' ? [Buffer.of(0), Buffer.of(0)] : [Buffer.from(prefix), Buffer.from(prefix)];
  const last = rangeEnd.length - 1;
  if (prefix !== '') rangeEnd.writeUInt8(rangeEnd.readUInt8(last) + 1, last);
  return { key, rangeEnd, limit, revision, serializable, countOnly: limit === 0 };
}
