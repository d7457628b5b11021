import { askCluster, whatAils } from '../../etcd/cluster-now.ts';
import type { EtcdPlace } from '../../ports/etcd.ts';
import { proveUnit } from '../prove-unit.ts';
import { type StepContext, type StepResult, stepFailure } from '../step.ts';
import type { EtcdParts } from './etcd-parts.ts';

export interface MemberProof {
  readonly unit: string;
  readonly place: EtcdPlace;
  readonly version: string;
  /** Null: whichever it is. */
  readonly memberId: string | null;
}

const LOOK_EVERY_MS = 1_000;
/** The same main process has to be seen over these: what crashes right after its start is put back. */
const LOOKS = 6;
/** It reads its log, asks the others for what it missed, or for a whole snapshot. */
const SERVES_WITHIN_MS = 300_000;
/** Members that the restart disturbed are well again long before. */
const OTHERS_WITHIN_MS = 60_000;

/**
 * The unit keeps its main process; the member is the one that it was, runs that version and reads with a quorum, so that it has
 * what its leader has; and all others are well. Where only another one is not, the host keeps its slot for a minute and then
 * passes, and says so: what had to be proved here is proved, going back would take a second member away, and no further slot is
 * granted while the quorum cannot spare one.
 */
export async function proveMember(parts: Pick<EtcdParts, 'units' | 'ask' | 'clock'>, proof: MemberProof, context: StepContext): Promise<StepResult> {
  const { units, ask, clock } = parts;
  const up = await proveUnit(units, clock, { unit: proof.unit, looks: LOOKS, lookIntervalMs: LOOK_EVERY_MS }, context);
  if (!up.ok) return up;
  const beganMs = clock.monotonicMs();
  let servesMs: number | null = null;
  for (;;) {
    const asked = await askCluster(proof.place, ask, context.signal);
    const own = asked.ok ? asked.value.members.find(({ id }) => id === asked.value.own.memberId) : undefined;
    const nowMs = clock.monotonicMs();
    if (asked.ok && own?.status.ok === true && own.status.value.leaderId !== null) {
      const { version, memberId } = own.status.value;
      if (version !== proof.version) return stepFailure('verify-failed', `the member of ${proof.unit} runs etcd ${version}, not ${proof.version}`, proof.unit);
      if (proof.memberId !== null && memberId !== proof.memberId) return stepFailure('verify-failed', `at ${proof.place.endpoint} member ${memberId} answers, and not ${proof.memberId} as before`, proof.unit);
      servesMs ??= nowMs;
      const others = whatAils(asked.value, memberId);
      if (others === '') return { ok: true };
      if (nowMs - servesMs >= OTHERS_WITHIN_MS) return { ok: true, note: `this member is well; ${others}` };
    } else {
      servesMs = null;
      if (nowMs - beganMs >= SERVES_WITHIN_MS) return stepFailure('verify-failed', `the member of ${proof.unit} does not serve: ${asked.ok ? 'it follows no leader' : asked.message}`, proof.unit);
    }
    await clock.sleep(LOOK_EVERY_MS, context.signal);
  }
}
