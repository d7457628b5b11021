import { status } from '@grpc/grpc-js';

import type { AlarmResponse__Output, HashKVResponse__Output, MemberListResponse__Output, RangeResponse__Output, StatusResponse__Output } from '../../../shared/wire/etcd-interface.ts';
import type { EtcdAlarm, EtcdHash, EtcdKeys, EtcdPeer, EtcdStatus } from '../../ports/etcd.ts';
import { GrpcRefusal } from '../call-grpc.ts';

const NONE = '0';

export function readStatus(said: StatusResponse__Output): EtcdStatus {
  return {
    clusterId: said.header?.clusterId ?? NONE,
    memberId: said.header?.memberId ?? NONE,
    revision: exact(said.header?.revision),
    version: said.version,
    dbSizeBytes: exact(said.dbSize),
    dbSizeInUseBytes: exact(said.dbSizeInUse),
    dbQuotaBytes: said.dbSizeQuota === NONE ? null : exact(said.dbSizeQuota),
    leaderId: said.leader === NONE ? null : said.leader,
    isLearner: said.isLearner,
    raftTerm: exact(said.raftTerm),
    raftIndex: exact(said.raftIndex),
    raftAppliedIndex: exact(said.raftAppliedIndex),
    errors: said.errors,
  };
}

export function readMembers({ members }: MemberListResponse__Output): readonly EtcdPeer[] {
  return members.map(({ id, name, peerUrls, clientUrls, isLearner }) => ({ id, name, peerUrls, clientUrls, isLearner }));
}

export function readAlarms({ alarms }: AlarmResponse__Output): readonly EtcdAlarm[] {
  return alarms.flatMap(({ memberId, alarm }): readonly EtcdAlarm[] => {
    if (alarm === 'NOSPACE') return [{ memberId, alarm: 'no-space' }];
    return alarm === 'CORRUPT' ? [{ memberId, alarm: 'corrupt' }] : [];
  });
}

export function readHash({ header, hash, compactRevision, hashRevision }: HashKVResponse__Output, asked: number): EtcdHash {
  // Before 3.6 the answer does not say it: it is the one that was asked for, or the newest.
  const revision = hashRevision === NONE ? asked || exact(header?.revision) : exact(hashRevision);
  return { hash, compactRevision: exact(compactRevision), revision };
}

export function readKeys({ header, kvs, count }: RangeResponse__Output): EtcdKeys {
  return { count: exact(count), revision: exact(header?.revision), keys: kvs.map(({ key, value, modRevision }) => ({ key, value, modRevision: exact(modRevision) })) };
}

/** @throws GrpcRefusal where the number has more bits than ours. */
function exact(text = NONE): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new GrpcRefusal({ code: status.INTERNAL, details: `${text} is more than a revision or a size can be` });
  return value;
}
