import type { ProtoGrpcType as EtcdProto } from './generated/rpc.d.ts';
import { loadProtos } from './load-protos.ts';

export type { AlarmResponse__Output } from './generated/etcdserverpb/AlarmResponse.d.ts';
export type { HashKVResponse__Output } from './generated/etcdserverpb/HashKVResponse.d.ts';
export type { MemberListResponse__Output } from './generated/etcdserverpb/MemberListResponse.d.ts';
export type { RangeResponse__Output } from './generated/etcdserverpb/RangeResponse.d.ts';
export type { StatusResponse__Output } from './generated/etcdserverpb/StatusResponse.d.ts';

type EtcdInterface = EtcdProto['etcdserverpb'];

let loaded: EtcdInterface | undefined;

/** Everything of package etcdserverpb: how a member of etcd is asked. Loaded when it is asked for first. */
export function etcdInterface(): EtcdInterface {
  loaded ??= (loadProtos(['etcd/v3/rpc.proto'], String) as unknown as EtcdProto).etcdserverpb;
  return loaded;
}
