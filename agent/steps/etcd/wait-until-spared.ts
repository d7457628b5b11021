import { refuseEtcdVersion } from '../../../shared/domain/etcd-releases.ts';
import type { Release } from '../../../shared/domain/release.ts';
import { askCluster, type ClusterNow, whatAils } from '../../etcd/cluster-now.ts';
import type { EtcdPlace } from '../../ports/etcd.ts';
import { STEP_OK, type StepContext, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import type { EtcdParts } from './etcd-parts.ts';

const LOOK_EVERY_MS = 2_000;

/**
 * Waits until every other member can be counted on, so that the cluster can spare this one. What is down already is spared by
 * that: to start it is a repair.
 *
 * @param allows alarms that are no reason to wait for a person
 */
export async function waitUntilSpared({ ask, clock }: Pick<EtcdParts, 'ask' | 'clock'>, place: EtcdPlace, { withinMs, allows = [] }: { readonly withinMs: number; readonly allows?: readonly string[] }, { signal }: StepContext): Promise<StepResult & { readonly cluster?: ClusterNow }> {
  const beganMs = clock.monotonicMs();
  for (;;) {
    const asked = await askCluster(place, ask, signal);
    if (!asked.ok && asked.code === 'unreachable') return STEP_OK;
    const why = asked.ok ? whatAils(asked.value, asked.value.own.memberId) : `${asked.code} ${asked.message}`;
    if (asked.ok && why === '') return raised(asked.value, allows) ?? { ok: true, cluster: asked.value };
    if (clock.monotonicMs() - beganMs >= withinMs) return stepFailure('etcd-unhealthy', `etcd cannot spare this member: ${why}`, place.endpoint);
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

function raised({ alarms, members }: ClusterNow, allows: readonly string[]): StepFailure | null {
  const found = alarms.find(({ alarm }) => !allows.includes(alarm));
  if (found === undefined) return null;
  const called = members.find(({ id }) => id === found.memberId)?.called ?? found.memberId;
  return stepFailure('etcd-unhealthy', `etcd has alarm ${found.alarm} of member ${called}; clear what raised it first`, called);
}

/** I4, by what the members say now. */
export function refuseMembers({ members }: ClusterNow, to: Release): StepFailure | null {
  const refused = refuseEtcdVersion(members.map(({ called, status }) => ({ name: `member ${called}`, version: status.ok ? status.value.version : null })), to);
  return refused === '' ? null : stepFailure('version-skew', refused);
}
