import type { Share } from '../../../shared/domain/plan.ts';
import type { FleetPolicy } from '../../../shared/domain/policy.ts';
import { formatDuration } from '../../../shared/plan/duration.ts';

/** A policy as `farrier policy set` reads it. */
export function policyYaml({ maxUnavailable, lostAfterMs, deferAfterMs, permitValidForMs, clockLimitMs, snapshots }: FleetPolicy): string {
  const { fleet, perCluster, perZone } = maxUnavailable;
  return `apiVersion: farrier/v1
kind: FleetPolicy
spec:
  maxUnavailable:
    fleet: ${formatShare(fleet)}
    perCluster: ${formatShare(perCluster)}
    perZone: ${formatShare(perZone)}
  lostAfter: ${formatDuration(lostAfterMs)}
  deferAfter: ${formatDuration(deferAfterMs)}
  permitValidFor: ${formatDuration(permitValidForMs)}
  clockLimit: ${formatDuration(clockLimitMs)}
  snapshots:
    recipients: [${snapshots.recipients.join(', ')}]
    takenWithin: ${formatDuration(snapshots.takenWithinMs)}
    provedWithin: ${formatDuration(snapshots.provedWithinMs)}
    restoredWithin: ${formatDuration(snapshots.restoredWithinMs)}
${every('copyEvery', snapshots.copyEveryMs)}${every('drillEvery', snapshots.drillEveryMs)}    keep: { newest: ${snapshots.keep.newest}, within: ${formatDuration(snapshots.keep.withinMs)}, hourly: ${snapshots.keep.hourly}, daily: ${snapshots.keep.daily}, weekly: ${snapshots.keep.weekly} }
`;
}

/** Left out, it is never done by itself: said as a comment, so that who edits the file knows that it can be. */
function every(key: string, ms: number | null): string {
  return ms === null ? `    # ${key}: 1d\n` : `    ${key}: ${formatDuration(ms)}\n`;
}

function formatShare({ unit, value }: Share): string {
  return unit === 'percent' ? `${value}%` : String(value);
}
