import type { EtcdAlarm, EtcdAnswer, EtcdPeer, EtcdPlace, EtcdStatus } from '../ports/etcd.ts';
import { type AskMembers, SOME_KEY } from './look-at-member.ts';
import { answerInTime } from './answer-in-time.ts';

/** A cluster of etcd, each member asked itself. */
export interface ClusterNow {
  readonly own: EtcdStatus;
  readonly members: readonly MemberAsked[];
  readonly alarms: readonly EtcdAlarm[];
}

export interface MemberAsked extends EtcdPeer {
  /** For people. */
  readonly called: string;
  /** Null where it advertises none. */
  readonly place: EtcdPlace | null;
  readonly status: EtcdAnswer<EtcdStatus>;
}

/** Asked from this host, with the certificate of its own member. A failure where that one cannot tell of the others. */
export async function askCluster(place: EtcdPlace, ask: AskMembers, signal: AbortSignal): Promise<EtcdAnswer<ClusterNow>> {
  const member = ask.member(place);
  const own = await answerInTime(signal, (limit) => member.status(limit));
  if (!own.ok) return own;
  const listed = await answerInTime(signal, (limit) => member.members(limit));
  if (!listed.ok) return listed;
  const alarms = await answerInTime(signal, (limit) => member.alarms(limit));
  if (!alarms.ok) return alarms;
  const members = await Promise.all(listed.value.map((peer) => askPeer(peer, place, own.value, ask, signal)));
  return { ok: true, value: { own: own.value, members, alarms: alarms.value } };
}

async function askPeer(peer: EtcdPeer, place: EtcdPlace, own: EtcdStatus, ask: AskMembers, signal: AbortSignal): Promise<MemberAsked> {
  const called = peer.name || peer.id;
  if (peer.id === own.memberId) return { ...peer, called, place, status: await inSync(place, own, ask, signal) };
  let status: EtcdAnswer<EtcdStatus> = { ok: false, code: 'unreachable', message: `member ${called} has never started` };
  for (const endpoint of peer.clientUrls) {
    const at = { ...place, endpoint };
    status = await answerInTime(signal, (limit) => ask.member(at).status(limit));
    if (status.ok && status.value.memberId === peer.id) return { ...peer, called, place: at, status: await inSync(at, status.value, ask, signal) };
    if (status.ok) status = { ok: false, code: 'unreachable', message: `at ${endpoint} another member than ${called} answers` };
  }
  return { ...peer, called, place: null, status };
}

/** A member that reads with a quorum has all that its leader had committed when it was asked. A learner reads nothing so. */
async function inSync(place: EtcdPlace, status: EtcdStatus, ask: AskMembers, signal: AbortSignal): Promise<EtcdAnswer<EtcdStatus>> {
  if (status.isLearner) return { ok: true, value: status };
  const read = await answerInTime(signal, (limit) => ask.member(place).keys(SOME_KEY, limit));
  return read.ok ? { ok: true, value: status } : read;
}

/** Why the cluster is not well, leaving out the member with that id; '' where every other one follows a leader and reads with a quorum. */
export function whatAils({ members }: ClusterNow, leftOut: string | null): string {
  for (const { id, called, status } of members) {
    if (id === leftOut) continue;
    if (!status.ok) return `member ${called} cannot be counted on: ${status.code} ${status.message}`.trim();
    if (status.value.leaderId === null) return `member ${called} follows no leader`;
  }
  return '';
}
