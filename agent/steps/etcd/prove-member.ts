import { askCluster, whatAils } from '../../etcd/cluster-now.ts';
import type { EtcdPlace } from '../../ports/etcd.ts';
import { proveUnit } from '../prove-unit.ts';
import { type StepContext, type StepResult, stepFailure } from '../step.ts';
import type { EtcdParts } from './etcd-parts.ts';

export interface MemberProof {
  readonly place: EtcdPlace;
  /** Of the member, for people: its unit, or its address. */
  readonly called: string;
  /** Null: whichever it is. */
  readonly version: string | null;
  readonly memberId: string | null;
}

const LOOK_EVERY_MS = 1_000;
/** The same main process has to be seen over these: what crashes right after its start is put back. */
const LOOKS = 6;
/** It reads its log, asks the others for what it missed, or for a whole snapshot. */
const SERVES_WITHIN_MS = 300_000;
/** Members that were disturbed are well again long before. */
const OTHERS_WITHIN_MS = 60_000;

/** Of a member that was just started: its unit keeps its main process too. */
export async function proveStarted(parts: Pick<EtcdParts, 'units' | 'ask' | 'clock'>, proof: MemberProof & { readonly unit: string }, context: StepContext): Promise<StepResult> {
  const up = await proveUnit(parts.units, parts.clock, { unit: proof.unit, looks: LOOKS, lookIntervalMs: LOOK_EVERY_MS }, context);
  return up.ok ? proveMember(parts, proof, context) : up;
}

/**
 * The member is the one that it was, runs that version and reads with a quorum, so that it has what its leader has; and all
 * others are well. Where only another one is not, the host keeps its slot for a minute and then passes, and says so: what had to
 * be proved here is proved, going back would take a second member away, and no further slot is granted while the quorum cannot
 * spare one.
 */
export async function proveMember({ ask, clock }: Pick<EtcdParts, 'ask' | 'clock'>, { place, called, version, memberId }: MemberProof, context: StepContext): Promise<StepResult> {
  const beganMs = clock.monotonicMs();
  let servesMs: number | null = null;
  for (;;) {
    const asked = await askCluster(place, ask, context.signal);
    const own = asked.ok ? asked.value.members.find(({ id }) => id === asked.value.own.memberId) : undefined;
    const nowMs = clock.monotonicMs();
    if (asked.ok && own?.status.ok === true && own.status.value.leaderId !== null) {
      const said = own.status.value;
      if (version !== null && said.version !== version) return stepFailure('verify-failed', `the member of ${called} runs etcd ${said.version}, not ${version}`, called);
      if (memberId !== null && said.memberId !== memberId) return stepFailure('verify-failed', `at ${place.endpoint} member ${said.memberId} answers, and not ${memberId} as before`, called);
      servesMs ??= nowMs;
      const others = whatAils(asked.value, said.memberId);
      if (others === '') return { ok: true };
      if (nowMs - servesMs >= OTHERS_WITHIN_MS) return { ok: true, note: `this member is well; ${others}` };
    } else {
      servesMs = null;
      if (nowMs - beganMs >= SERVES_WITHIN_MS) return stepFailure('verify-failed', `the member of ${called} does not serve: ${asked.ok ? 'it follows no leader' : asked.message}`, called);
    }
    await clock.sleep(LOOK_EVERY_MS, context.signal);
  }
}
