import type { Procedure } from '../domain/procedure.ts';
import type { PlannedProcedure, ProcedureNode } from './composition.ts';
import { planPackages } from './packages.ts';

/**
 * Composes the steps of every node by its facts. Pure: the same facts give the same steps on every coordinator.
 *
 * @param nodes every node that the rollout takes, and all others of their clusters.
 */
export function planProcedure(procedure: Procedure, nodes: readonly ProcedureNode[]): PlannedProcedure {
  switch (procedure.kind) {
    case 'packages':
      return planPackages(procedure, nodes);
  }
}
