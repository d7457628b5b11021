import type { Clock } from '../../../shared/ports/clock.ts';
import type { AlarmResponse__Output, MemberListResponse__Output } from '../../../shared/wire/etcd-interface.ts';
import type { EtcdAlarm, EtcdAnswer, EtcdMember, EtcdPlace } from '../../ports/etcd.ts';
import { ask, GrpcRefusal } from '../call-grpc.ts';
import { etcdReads, LOOK_MAX_MS, READ_MAX_MS, WALK_MAX_MS } from './etcd-reads.ts';
import { explainEtcdFailure } from './explain-etcd-failure.ts';
import { eachItsOwn, type EtcdConnections } from './etcd-connections.ts';
import type { EtcdClients } from './open-etcd.ts';
import { readAlarms, readMembers } from './read-answers.ts';
import { streamSnapshot } from './stream-snapshot.ts';

/** Writes the whole database anew. */
const DEFRAGMENT_MAX_MS = 30 * 60_000;

const WIRE_ALARMS = { 'no-space': 'NOSPACE', corrupt: 'CORRUPT' } as const satisfies Record<EtcdAlarm['alarm'], string>;

/** The member behind `place`, over gRPC and mutual TLS. */
export function grpcEtcdMember(place: EtcdPlace, clock: Clock, connections: EtcdConnections = eachItsOwn): EtcdMember {
  const call = async <Response, T>(start: (clients: EtcdClients) => Promise<Response>, read: (response: Response) => T, signal: AbortSignal): Promise<EtcdAnswer<T>> => {
    signal.throwIfAborted();
    const clients = await connections.take(place);
    if ('ok' in clients) return clients;
    let isWell = false;
    try {
      const value = read(await start(clients));
      isWell = true;
      return { ok: true, value };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof GrpcRefusal)) throw error;
      return explainEtcdFailure(error, { endpoint: place.endpoint, own: clients.own, nowUnixMs: clock.wallUnixMs() });
    } finally {
      connections.give(clients, isWell);
    }
  };
  const nothing = (): null => null;
  return {
    ...etcdReads(call),
    members: (signal) => call(({ cluster }) => ask<MemberListResponse__Output>((options, done) => cluster.memberList({ linearizable: true }, options, done), { maxMs: LOOK_MAX_MS, signal }), readMembers, signal),
    alarms: (signal) => call(({ maintenance }) => ask<AlarmResponse__Output>((options, done) => maintenance.alarm({ action: 'GET' }, options, done), { maxMs: LOOK_MAX_MS, signal }), readAlarms, signal),
    disarm: ({ memberId, alarm }, signal) =>
      call(({ maintenance }) => ask((options, done) => maintenance.alarm({ action: 'DEACTIVATE', memberId, alarm: WIRE_ALARMS[alarm] }, options, done), { maxMs: LOOK_MAX_MS, signal }), nothing, signal),
    compact: (revision, signal) => call(({ kv }) => ask((options, done) => kv.compact({ revision, physical: true }, options, done), { maxMs: WALK_MAX_MS, signal }), nothing, signal),
    defragment: (signal) => call(({ maintenance }) => ask((options, done) => maintenance.defragment({}, options, done), { maxMs: DEFRAGMENT_MAX_MS, signal }), nothing, signal),
    moveLeader: (targetId, signal) => call(({ maintenance }) => ask((options, done) => maintenance.moveLeader({ targetId }, options, done), { maxMs: READ_MAX_MS, signal }), nothing, signal),
    snapshot: (take, signal) => call((clients) => streamSnapshot(clients, take, signal), nothing, signal),
  };
}
