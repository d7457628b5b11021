import type { Clock } from '../../../shared/ports/clock.ts';
import type { AlarmResponse__Output, HashKVResponse__Output, MemberListResponse__Output, RangeResponse__Output, StatusResponse__Output } from '../../../shared/wire/etcd-interface.ts';
import type { EtcdAlarm, EtcdAnswer, EtcdMember, EtcdPlace, EtcdRange } from '../../ports/etcd.ts';
import { ask, GrpcRefusal } from '../call-grpc.ts';
import { explainEtcdFailure } from './explain-etcd-failure.ts';
import { type EtcdClients, openEtcd } from './open-etcd.ts';
import { readAlarms, readHash, readKeys, readMembers, readStatus } from './read-answers.ts';
import { streamSnapshot } from './stream-snapshot.ts';

/** What a member answers from memory, or from its cluster, which elects a leader within seconds. */
const LOOK_MAX_MS = 10_000;
/** Many keys, or an election. */
const READ_MAX_MS = 30_000;
/** Reads, or rewrites, the key space: at most 8 GiB, from a slow disk. */
const WALK_MAX_MS = 10 * 60_000;
/** Writes the whole database anew. */
const DEFRAGMENT_MAX_MS = 30 * 60_000;

const WIRE_ALARMS = { 'no-space': 'NOSPACE', corrupt: 'CORRUPT' } as const satisfies Record<EtcdAlarm['alarm'], string>;

/** The member behind `place`, over gRPC and mutual TLS. */
export function grpcEtcdMember(place: EtcdPlace, clock: Clock): EtcdMember {
  /** One connection, one call. */
  const call = async <Response, T>(start: (clients: EtcdClients) => Promise<Response>, read: (response: Response) => T, signal: AbortSignal): Promise<EtcdAnswer<T>> => {
    signal.throwIfAborted();
    const clients = await openEtcd(place);
    if ('ok' in clients) return clients;
    try {
      return { ok: true, value: read(await start(clients)) };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof GrpcRefusal)) throw error;
      return explainEtcdFailure(error, { endpoint: place.endpoint, own: clients.own, nowUnixMs: clock.wallUnixMs() });
    } finally {
      clients.close();
    }
  };
  const nothing = (): null => null;
  return {
    status: (signal) => call(({ maintenance }) => ask<StatusResponse__Output>((options, done) => maintenance.status({}, options, done), { maxMs: LOOK_MAX_MS, signal }), readStatus, signal),
    members: (signal) => call(({ cluster }) => ask<MemberListResponse__Output>((options, done) => cluster.memberList({ linearizable: true }, options, done), { maxMs: LOOK_MAX_MS, signal }), readMembers, signal),
    alarms: (signal) => call(({ maintenance }) => ask<AlarmResponse__Output>((options, done) => maintenance.alarm({ action: 'GET' }, options, done), { maxMs: LOOK_MAX_MS, signal }), readAlarms, signal),
    disarm: ({ memberId, alarm }, signal) =>
      call(({ maintenance }) => ask((options, done) => maintenance.alarm({ action: 'DEACTIVATE', memberId, alarm: WIRE_ALARMS[alarm] }, options, done), { maxMs: LOOK_MAX_MS, signal }), nothing, signal),
    hashKv: (revision, signal) =>
      call(({ maintenance }) => ask<HashKVResponse__Output>((options, done) => maintenance.hashKv({ revision }, options, done), { maxMs: WALK_MAX_MS, signal }), (said) => readHash(said, revision), signal),
    keys: (range, signal) => call(({ kv }) => ask<RangeResponse__Output>((options, done) => kv.range(rangeRequest(range), options, done), { maxMs: READ_MAX_MS, signal }), readKeys, signal),
    compact: (revision, signal) => call(({ kv }) => ask((options, done) => kv.compact({ revision, physical: true }, options, done), { maxMs: WALK_MAX_MS, signal }), nothing, signal),
    defragment: (signal) => call(({ maintenance }) => ask((options, done) => maintenance.defragment({}, options, done), { maxMs: DEFRAGMENT_MAX_MS, signal }), nothing, signal),
    moveLeader: (targetId, signal) => call(({ maintenance }) => ask((options, done) => maintenance.moveLeader({ targetId }, options, done), { maxMs: READ_MAX_MS, signal }), nothing, signal),
    snapshot: (take, signal) => call(({ maintenance }) => streamSnapshot(maintenance, take, signal), nothing, signal),
  };
}

/** From the first key with the prefix to the first one past it: no byte of UTF-8 is 0xff. A zero byte stands for either end. */
function rangeRequest({ prefix, limit, revision, serializable }: EtcdRange) {
  const [key, rangeEnd] = prefix === '' ? [Buffer.of(0), Buffer.of(0)] : [Buffer.from(prefix), Buffer.from(prefix)];
  const last = rangeEnd.length - 1;
  if (prefix !== '') rangeEnd.writeUInt8(rangeEnd.readUInt8(last) + 1, last);
  return { key, rangeEnd, limit, revision, serializable, countOnly: limit === 0 };
}
