import { askCluster, type ClusterNow } from '../../etcd/cluster-now.ts';
import type { LocalMember } from '../../etcd/local-member.ts';
import { noRoom } from '../no-room.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';
import type { EtcdParts } from './etcd-parts.ts';
import { waitUntilSpared } from './wait-until-spared.ts';

/** Before anything is done a cluster that is not well has this long; then the member is left as it is. */
const SPARED_WITHIN_MS = 60_000;
const LED_ELSEWHERE_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 500;

/**
 * Defragments the member of this host, once the cluster can spare it: until it is done it answers nobody. One that leads gives
 * its leadership away first; the only member there is has nobody to give it to.
 */
export async function defragmentMember(parts: Pick<EtcdParts, 'ask' | 'clock'>, place: LocalMember, context: StepContext): Promise<StepResult> {
  const spared = await waitUntilSpared(parts, place, { withinMs: SPARED_WITHIN_MS, allows: ['no-space'] }, context);
  if (!spared.ok) return spared;
  if (spared.cluster === undefined) return stepFailure('etcd-unhealthy', `the member at ${place.endpoint} does not answer; start it first`, place.endpoint);
  // What is in use is written anew beside what lies there.
  const room = place.dataDir === null ? STEP_OK : await noRoom(spared.cluster.own.dbSizeInUseBytes, [place.dataDir]);
  if (!room.ok) return room;
  const moved = await leadElsewhere(parts, place, spared.cluster, context);
  if (!moved.ok) return moved;
  const done = await parts.ask.member(place).defragment(context.signal);
  return done.ok ? STEP_OK : stepFailure('apply-failed', done.message, place.endpoint);
}

async function leadElsewhere({ ask, clock }: Pick<EtcdParts, 'ask' | 'clock'>, place: LocalMember, { own, members }: ClusterNow, { signal }: StepContext): Promise<StepResult> {
  if (own.leaderId !== own.memberId) return STEP_OK;
  const [next] = members.filter(({ id, isLearner }) => id !== own.memberId && !isLearner);
  if (next === undefined) return STEP_OK;
  const said = await ask.member(place).moveLeader(next.id, signal);
  // It may have lost it by itself meanwhile.
  if (!said.ok && said.code !== 'not-leader') return stepFailure('etcd-unhealthy', `leadership cannot be given to member ${next.called}: ${said.message}`, next.called);
  for (const untilMs = clock.monotonicMs() + LED_ELSEWHERE_WITHIN_MS; clock.monotonicMs() < untilMs; await clock.sleep(LOOK_EVERY_MS, signal)) {
    const asked = await askCluster(place, ask, signal);
    if (asked.ok && asked.value.own.leaderId !== null && asked.value.own.leaderId !== own.memberId) return STEP_OK;
  }
  return stepFailure('etcd-unhealthy', `member ${next.called} did not take the leadership over`, next.called);
}
