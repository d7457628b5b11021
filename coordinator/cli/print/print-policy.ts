import type { Share } from '../../../shared/domain/plan.ts';
import type { FleetPolicy } from '../../../shared/domain/policy.ts';
import { formatDuration } from '../../../shared/plan/duration.ts';

/** A policy as `farrier policy set` reads it. */
export function policyYaml({ maxUnavailable, lostAfterMs, deferAfterMs, permitValidForMs, clockLimitMs }: FleetPolicy): string {
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
`;
}

function formatShare({ unit, value }: Share): string {
  return unit === 'percent' ? `${value}%` : String(value);
}
