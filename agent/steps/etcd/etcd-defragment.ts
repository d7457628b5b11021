import type { EtcdDefragmentSpec } from '../../../shared/domain/steps/etcd-spec.ts';
import { type DatabaseSize, databaseSize, describeSize, quotaPercent, unusedPercent } from '../../etcd/database-size.ts';
import { answerInTime } from '../../etcd/answer-in-time.ts';
import { STEP_OK, type StepContext, type StepExecutor, type StepResult } from '../step.ts';
import { defragmentMember } from './defragment-member.ts';
import { type MaintenanceParts, memberHere } from './member-here.ts';
import { proveMember } from './prove-member.ts';

export interface DefragmentPrior {
  readonly size: DatabaseSize;
  readonly memberId: string;
}

/** What a member's database holds stays what it is: there is nothing to put back. */
export function etcdDefragmentStep(parts: MaintenanceParts): StepExecutor<EtcdDefragmentSpec, DefragmentPrior> {
  return {
    kind: 'etcd_defragment',
    stage: async (_spec, context) => {
      const here = await memberHere(parts, context);
      return here.ok ? STEP_OK : here;
    },
    check: async (spec, context) => {
      const here = await memberHere(parts, context);
      if (!here.ok) return here;
      const size = databaseSize(here.status, here.place);
      return { ok: true, state: unusedPercent(size) >= spec.fromFragmentedPercent || quotaPercent(size) >= spec.fromQuotaPercent ? 'needed' : 'satisfied' };
    },
    capture: async (_spec, context) => {
      const here = await memberHere(parts, context);
      return here.ok ? { ok: true, prior: { size: databaseSize(here.status, here.place), memberId: here.status.memberId } } : here;
    },
    apply: async (_spec, _prior, context) => {
      const here = await memberHere(parts, context);
      return here.ok ? defragmentMember(parts, here.place, context) : here;
    },
    verify: (_spec, prior, context) => verify(parts, prior, context),
    revert: async () => STEP_OK,
    canRevert: async () => STEP_OK,
  };
}

async function verify(parts: MaintenanceParts, { size: before, memberId }: DefragmentPrior, context: StepContext): Promise<StepResult> {
  const here = await memberHere(parts, context);
  if (!here.ok) return here;
  const { place } = here;
  const proved = await proveMember(parts, { place, called: place.endpoint, version: null, memberId }, context);
  if (!proved.ok) return proved;
  const status = await answerInTime(context.signal, (limit) => parts.ask.member(place).status(limit));
  const note = status.ok ? whatBecame(before, databaseSize(status.value, place)) : '';
  return { ok: true, note: [note, proved.note ?? ''].filter((part) => part !== '').join('; ') };
}

function whatBecame(before: DatabaseSize, after: DatabaseSize): string {
  if (after.bytes < before.bytes) return `its database was ${describeSize(before)}, and is ${describeSize(after)}`;
  return `its database did not shrink: it was ${describeSize(before)}, and is ${describeSize(after)}`;
}
