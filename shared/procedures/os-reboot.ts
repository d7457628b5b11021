import type { OsReboot } from '../domain/procedure.ts';
import { composeSteps } from './compose-steps.ts';
import { type Hop, oneHop, type ProcedureNode } from './composition.ts';

/** No node is ever at the target by its facts: whether a newer kernel lies there shows only on the host, in the step itself. */
export function planOsReboot({ onlyIf, units }: OsReboot, nodes: readonly ProcedureNode[]): readonly Hop[] {
  return oneHop(nodes, ({ facts }) => composeSteps([{ name: 'reboot', reboot: { onlyIf, units: [...units] }, because: onlyIf === 'always' ? 'the plan reboots always' : whyRequired(facts?.rebootRequired) }]));
}

function whyRequired(isRequired: boolean | undefined): string {
  return isRequired === true ? 'the package system asks for a reboot' : 'the host itself looks whether it needs one';
}
