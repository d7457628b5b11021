import type { EtcdDisarmSpec } from '../../../shared/domain/steps/etcd-spec.ts';
import { askCluster, type ClusterNow } from '../../etcd/cluster-now.ts';
import { databaseSize, mebibytes } from '../../etcd/database-size.ts';
import type { LocalMember } from '../../etcd/local-member.ts';
import { STEP_OK, type StepContext, type StepExecutor, type StepResult, stepFailure } from '../step.ts';
import { defragmentMember } from './defragment-member.ts';
import { type MaintenanceParts, memberHere } from './member-here.ts';
import { proveMember } from './prove-member.ts';

export interface DisarmPrior {
  readonly memberId: string;
}

/**
 * In the order of https://etcd.io/docs/v3.6/op-guide/maintenance/#space-quota : compact, defragment every member, disarm. Each host
 * does the first for the whole cluster, which costs nothing where another one did it, the second for its own member, and the
 * third where it is the last. Nobody can bring old revisions back, and nobody needs to: there is nothing to put back.
 */
export function etcdDisarmStep(parts: MaintenanceParts): StepExecutor<EtcdDisarmSpec, DisarmPrior> {
  return {
    kind: 'etcd_disarm',
    stage: async (_spec, context) => {
      const here = await memberHere(parts, context);
      return here.ok ? STEP_OK : here;
    },
    check: async (_spec, context) => {
      const asked = await ask(parts, context);
      return asked.ok ? { ok: true, state: isRaised(asked.cluster) ? 'needed' : 'satisfied' } : asked;
    },
    capture: async (_spec, context) => {
      const here = await memberHere(parts, context);
      return here.ok ? { ok: true, prior: { memberId: here.status.memberId } } : here;
    },
    apply: (spec, _prior, context) => apply(parts, spec, context),
    verify: (_spec, prior, context) => verify(parts, prior, context),
    revert: async () => STEP_OK,
    canRevert: async () => STEP_OK,
  };
}

async function apply(parts: MaintenanceParts, { keepRevisions }: EtcdDisarmSpec, context: StepContext): Promise<StepResult> {
  const before = await ask(parts, context);
  if (!before.ok) return before;
  const { place, cluster } = before;
  const revision = cluster.own.revision - keepRevisions;
  const compacted = revision > 0 ? await parts.ask.member(place).compact(revision, context.signal) : ({ ok: true } as const);
  if (!compacted.ok && compacted.code !== 'compacted') return stepFailure('apply-failed', compacted.message, place.endpoint);
  const defragmented = await defragmentMember(parts, place, context);
  if (!defragmented.ok) return defragmented;
  const after = await ask(parts, context);
  if (!after.ok) return after;
  const over = overQuota(after.cluster, place);
  if (over !== '') return { ok: true, note: `the alarm stays until every member is below its quota: ${over}` };
  for (const alarm of after.cluster.alarms.filter((raised) => raised.alarm === 'no-space')) {
    const disarmed = await parts.ask.member(place).disarm(alarm, context.signal);
    if (!disarmed.ok) return stepFailure('apply-failed', disarmed.message, place.endpoint);
  }
  return STEP_OK;
}

async function verify(parts: MaintenanceParts, { memberId }: DisarmPrior, context: StepContext): Promise<StepResult> {
  const found = await ask(parts, context);
  if (!found.ok) return found;
  const { place } = found;
  const proved = await proveMember(parts, { place, called: place.endpoint, version: null, memberId }, context);
  if (!proved.ok) return proved;
  const after = await ask(parts, context);
  if (!after.ok) return after;
  const { bytes, quotaBytes } = databaseSize(after.cluster.own, place);
  if (bytes >= quotaBytes) return stepFailure('verify-failed', `its database is ${mebibytes(bytes)} with nothing unused, its quota ${mebibytes(quotaBytes)}: delete what nobody needs, or give it a higher --quota-backend-bytes`, place.endpoint);
  if (isRaised(after.cluster) && overQuota(after.cluster, place) === '') return stepFailure('verify-failed', 'every member is below its quota, and alarm no-space is raised all the same', place.endpoint);
  return proved;
}

type Asked = { readonly ok: true; readonly place: LocalMember; readonly cluster: ClusterNow };

async function ask(parts: MaintenanceParts, context: StepContext): Promise<Asked | Extract<StepResult, { readonly ok: false }>> {
  const here = await memberHere(parts, context);
  if (!here.ok) return here;
  const asked = await askCluster(here.place, parts.ask, context.signal);
  return asked.ok ? { ok: true, place: here.place, cluster: asked.value } : stepFailure('etcd-unhealthy', asked.message, here.place.endpoint);
}

function isRaised({ alarms }: ClusterNow): boolean {
  return alarms.some(({ alarm }) => alarm === 'no-space');
}

/** Who is not below its quota, or does not say; '' where every one is. */
function overQuota({ members }: ClusterNow, place: LocalMember): string {
  for (const { called, status } of members) {
    if (!status.ok) return `member ${called} does not say what it holds`;
    const { bytes, quotaBytes } = databaseSize(status.value, place);
    if (bytes >= quotaBytes) return `member ${called} holds ${mebibytes(bytes)} of ${mebibytes(quotaBytes)}`;
  }
  return '';
}
