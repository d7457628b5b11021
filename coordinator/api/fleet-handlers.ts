import type { FleetHandlers } from '../../shared/wire/messages.ts';
import { type AccessParts, accessHandlers } from './access-handlers.ts';
import { type ArtifactApiParts, artifactApiHandlers } from './artifact-handlers.ts';
import { type NodeParts, nodeHandlers } from './node-handlers.ts';
import { type PlanParts, planHandlers } from './plan-handlers.ts';
import { policyHandlers } from './policy-handlers.ts';
import { readHandlers } from './read-handlers.ts';
import { restoreHandlers, type RestoreApiParts } from './restore-handlers.ts';
import { rolloutHandlers } from './rollout-handlers.ts';
import { type SnapshotApiParts, snapshotHandlers } from './snapshot-handlers.ts';
import type { AuditLog } from './audit.ts';
import type { Gate } from './unary.ts';

export type FleetParts = AccessParts & NodeParts & PlanParts & ArtifactApiParts & RestoreApiParts & SnapshotApiParts & { readonly audit: AuditLog };

/** The whole of the service Fleet. One gate for the network, another for the Unix socket. */
export function fleetHandlers(gate: Gate, parts: FleetParts): FleetHandlers {
  return {
    ...accessHandlers(gate, parts),
    ...nodeHandlers(gate, parts),
    ...policyHandlers(gate, parts),
    ...planHandlers(gate, parts),
    ...rolloutHandlers(gate, parts),
    ...readHandlers(gate, parts),
    ...artifactApiHandlers(gate, parts),
    ...restoreHandlers(gate, parts),
    ...snapshotHandlers(gate, parts),
  };
}
