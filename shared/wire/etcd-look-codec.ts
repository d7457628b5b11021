import { ETCD_ID_PATTERN, ETCD_RUNNERS, ETCD_TROUBLE_PATTERN, type EtcdLook, type EtcdLookAlarm, LOOK_ALARMS_MAX, LOOK_MEMBERS_MAX } from '../domain/etcd-look.ts';
import { FACT_TEXT_PATTERN, FACT_VERSION_PATTERN } from '../domain/host-facts.ts';
import type { FieldCheck } from './field-check.ts';
import type { EtcdMemberFacts__Output } from './generated/farrier/v1/EtcdMemberFacts.d.ts';

/** Strict, for an agent may be hostile: quorums are counted by this. An alarm that only a newer agent knows is skipped. */
export function etcdLookFrom(message: EtcdMemberFacts__Output, at: string, check: FieldCheck): EtcdLook {
  const { trouble, clusterId, memberId, isLeader, members, alarms, dbBytes, dbInUseBytes } = message;
  const runsAs = ETCD_RUNNERS.find((runner) => runner === message.runsAs);
  check.that(runsAs !== undefined, `${at}.runsAs`, `is none of ${ETCD_RUNNERS.join(', ')}`);
  check.text(trouble, `${at}.trouble`, ETCD_TROUBLE_PATTERN);
  for (const field of ['clusterId', 'memberId'] as const) if (message[field] !== '') check.text(message[field], `${at}.${field}`, ETCD_ID_PATTERN);
  for (const field of ['version', 'clusterVersion'] as const) if (message[field] !== '') check.text(message[field], `${at}.${field}`, FACT_VERSION_PATTERN);
  check.count(dbBytes, `${at}.dbBytes`);
  check.count(dbInUseBytes, `${at}.dbInUseBytes`);
  check.count(members.length, `${at}.members`, { max: LOOK_MEMBERS_MAX });
  check.count(alarms.length, `${at}.alarms`, { max: LOOK_ALARMS_MAX });
  for (const [index, { id, name }] of members.entries()) {
    check.text(id, `${at}.members[${index}].id`, ETCD_ID_PATTERN);
    check.text(name, `${at}.members[${index}].name`, FACT_TEXT_PATTERN);
  }
  for (const [index, alarm] of alarms.entries()) check.text(alarm.memberId, `${at}.alarms[${index}].memberId`, ETCD_ID_PATTERN);
  return {
    ...{ runsAs: runsAs ?? 'systemd', trouble, clusterId, memberId, version: message.version || null, clusterVersion: message.clusterVersion || null, isLeader, dbBytes, dbInUseBytes },
    members: members.map(({ id, name, isLearner, answers }) => ({ id, name, isLearner, answers })),
    alarms: alarms.flatMap(({ memberId: of, alarm }): readonly EtcdLookAlarm[] => (alarm === 'no-space' || alarm === 'corrupt' ? [{ memberId: of, alarm }] : [])),
  };
}
