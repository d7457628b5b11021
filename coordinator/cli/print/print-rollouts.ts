import type { Rollout__Output as Rollout } from '../../../shared/wire/messages.ts';
import { REASONS, type Reason } from '../../../shared/domain/reason.ts';
import { formatMoment } from './format-age.ts';
import { plainText } from './plain-text.ts';
import { printFacts, printTable } from './print-table.ts';

export function printRollouts(rollouts: readonly Rollout[]): readonly string[] {
  if (rollouts.length === 0) return ['no rollouts yet; `farrier rollout start PLAN` starts one'];
  const rows = rollouts.map((rollout) => [rollout.id, rollout.plan, rollout.status, doneOf(rollout), String(rollout.failures), formatMoment(rollout.startedUnixMs), rollout.startedBy]);
  return printTable(['ROLLOUT', 'PLAN', 'STATUS', 'DONE', 'FAILURES', 'STARTED', 'BY'], rows);
}

export function printRollout(rollout: Rollout): readonly string[] {
  const { failures, maxFailures, outstanding } = rollout;
  const facts = printFacts([
    ['rollout', rollout.id],
    ['plan', rollout.plan],
    ['status', `${rollout.status}${outstanding > 0 ? ` (${outstanding} outstanding)` : ''}`],
    ['hop', hopOf(rollout)],
    ['reason', reasonText(rollout.reason, rollout.detail)],
    ['who can unblock', reasonOf(rollout.reason)?.unblock ?? ''],
    ['done', doneOf(rollout)],
    ['unavailable', unavailableOf(rollout)],
    ['failures', `${failures}/${maxFailures}`],
    ['started', `${formatMoment(rollout.startedUnixMs)} by ${rollout.startedBy}`],
    ['ended', rollout.endedUnixMs === 0 ? '' : formatMoment(rollout.endedUnixMs)],
    ['rollback of', rollout.rollbackOf],
  ]);
  const rows = rollout.nodes.map((node) => [node.node, node.wave, node.phase, node.step, plainText([node.reason, node.detail].filter((part) => part !== '').join(': '))]);
  return [...facts, '', ...printTable(['NODE', 'WAVE', 'PHASE', 'STEP', 'REASON'], rows)];
}

export function doneOf({ nodes }: Pick<Rollout, 'nodes'>): string {
  return `${nodes.filter(({ phase }) => phase === 'done').length}/${nodes.length}`;
}

/** `2/1 (2 not reported yet)`: right after a start most of them are only not heard of. */
export function unavailableOf({ unavailable, budget, unreported }: Pick<Rollout, 'unavailable' | 'budget' | 'unreported'>): string {
  return `${unavailable}/${budget}${unreported > 0 ? ` (${unreported} not reported yet)` : ''}`;
}

/** `1 of 3 v1.34.9`; empty where there is one. */
export function hopOf({ hop, hops, hopTarget }: Pick<Rollout, 'hop' | 'hops' | 'hopTarget'>): string {
  return hops === 0 ? '' : plainText(`${hop} of ${hops} ${hopTarget}`.trim());
}

/** A coordinator that is newer may know reasons that this program does not. */
export function reasonText(reason: string, detail: string): string {
  if (reason === '') return plainText(detail);
  const text = reasonOf(reason)?.message ?? reason;
  return plainText(detail === '' ? text : `${text}: ${detail}`);
}

export function reasonOf(reason: string): (typeof REASONS)[Reason] | null {
  return Object.hasOwn(REASONS, reason) ? REASONS[reason as Reason] : null;
}
