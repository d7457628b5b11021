import type { EtcdLook } from '../../shared/domain/etcd-look.ts';
import { LOOK_ALARMS_MAX, LOOK_MEMBERS_MAX } from '../../shared/domain/etcd-look.ts';
import { roundDown } from '../facts/machine.ts';
import { plain } from '../facts/os.ts';
import type { EtcdAnswer, EtcdMember, EtcdPeer, EtcdPlace, EtcdStatus } from '../ports/etcd.ts';
import type { LocalMember } from './local-member.ts';
import { answerInTime } from './answer-in-time.ts';

/** How members are asked: over gRPC, but in tests. */
export interface AskMembers {
  member(place: EtcdPlace): EtcdMember;
  clusterVersion(place: EtcdPlace, signal: AbortSignal): Promise<string | null>;
}

/** Any key will do: the question is whether a quorum answers. */
export const SOME_KEY = { prefix: 'health', limit: 0, revision: 0, serializable: false } as const;

/** What the member on this host is now, and its cluster as it lists it. Never rejects but by the signal. @param before what it said last. */
export async function lookAtMember(place: LocalMember, ask: AskMembers, before: EtcdLook | null, signal: AbortSignal): Promise<EtcdLook> {
  const silent = (trouble: string): EtcdLook => ({ ...(before ?? NEVER_HEARD), isLeader: false, runsAs: place.runsAs, trouble });
  if (!place.endpoint.startsWith('https://')) return silent('no-tls');
  const own = ask.member(place);
  const status = await answerInTime(signal, (limit) => own.status(limit));
  if (!status.ok) return silent(status.code);
  const [listed, read, alarms, clusterVersion] = await Promise.all([
    answerInTime(signal, (limit) => own.members(limit)),
    answerInTime(signal, (limit) => own.keys(SOME_KEY, limit)),
    // Alarms are among what a member complains of: most have none.
    status.value.errors.length === 0 ? null : answerInTime(signal, (limit) => own.alarms(limit)),
    isSettled(before, status.value) ? before.clusterVersion : ask.clusterVersion(place, signal),
  ]);
  return {
    runsAs: place.runsAs,
    trouble: troubleOf(status.value, read),
    ...{ clusterId: status.value.clusterId, memberId: status.value.memberId, version: status.value.version },
    clusterVersion,
    isLeader: status.value.leaderId === status.value.memberId,
    // A learner lists nobody: what is known of it others tell.
    members: listed.ok ? await Promise.all(listed.value.slice(0, LOOK_MEMBERS_MAX).map(async (peer) => ({ id: peer.id, name: plain(peer.name), isLearner: peer.isLearner, answers: await answers(place, peer, status.value, ask, signal) }))) : (before?.members ?? []),
    alarms: alarms?.ok === true ? alarms.value.slice(0, LOOK_ALARMS_MAX) : [],
    ...{ dbBytes: roundDown(status.value.dbSizeBytes), dbInUseBytes: roundDown(status.value.dbSizeInUseBytes) },
  };
}

/** A cluster of the member's own minor stays one while the member runs that version. */
function isSettled(before: EtcdLook | null, { version }: EtcdStatus): before is EtcdLook {
  return before?.version === version && before.clusterVersion !== null && version.startsWith(`${before.clusterVersion}.`);
}

const NEVER_HEARD = { clusterId: '', memberId: '', version: null, clusterVersion: null, isLeader: false, members: [], alarms: [], dbBytes: 0, dbInUseBytes: 0 } as const;

function troubleOf({ leaderId, isLearner }: EtcdStatus, read: EtcdAnswer<unknown>): string {
  if (leaderId === null) return 'no-leader';
  // A learner answers no such read: that it follows a leader is all that it can show.
  return read.ok || isLearner ? '' : read.code;
}

/** At any of the addresses that it advertises, with the certificate that the member here is asked with. */
async function answers(place: EtcdPlace, { id, clientUrls }: EtcdPeer, own: EtcdStatus, ask: AskMembers, signal: AbortSignal): Promise<boolean> {
  if (id === own.memberId) return true;
  for (const endpoint of clientUrls.slice(0, 2)) {
    const said = await answerInTime(signal, (limit) => ask.member({ ...place, endpoint }).status(limit));
    // An address that leads to somebody else says nothing of this one.
    if (said.ok && said.value.memberId === id && said.value.leaderId !== null) return true;
  }
  return false;
}
