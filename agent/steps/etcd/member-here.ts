import type { LocalMember } from '../../etcd/local-member.ts';
import { answerInTime } from '../../etcd/answer-in-time.ts';
import type { EtcdStatus } from '../../ports/etcd.ts';
import { type StepContext, type StepFailure, stepFailure } from '../step.ts';
import type { EtcdParts } from './etcd-parts.ts';

export interface MaintenanceParts extends Pick<EtcdParts, 'ask' | 'clock'> {
  /** Whoever runs it; null where this host has none. */
  readonly localMember: (signal: AbortSignal) => Promise<LocalMember | null>;
}

/** The member of this host, which answers; or why nothing can be done to it. */
export async function memberHere({ ask, localMember }: MaintenanceParts, { signal }: StepContext): Promise<{ readonly ok: true; readonly place: LocalMember; readonly status: EtcdStatus } | StepFailure> {
  const place = await localMember(signal);
  if (place === null) return stepFailure('unit-not-found', 'no member of etcd runs on this host; leave it out of the plan');
  if (!place.endpoint.startsWith('https://')) return stepFailure('not-allowed', 'its member serves clients without TLS; nobody could say which member answers: give it certificates first', place.endpoint);
  const status = await answerInTime(signal, (limit) => ask.member(place).status(limit));
  return status.ok ? { ok: true, place, status: status.value } : stepFailure('etcd-unhealthy', status.message, place.endpoint);
}
