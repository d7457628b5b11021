import type { Units } from '../../ports/units.ts';
import { isUp } from '../prove-unit.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';
import { KUBELET_UNIT } from './prove-kubelet.ts';

/** systemd reads unit files anew where they changed, and forgets that the unit failed before. */
export async function restartKubelet(units: Units, context: StepContext): Promise<StepResult> {
  const said = await units.restart(KUBELET_UNIT, context.signal);
  if (said === '') return STEP_OK;
  context.output(await units.lastLines(KUBELET_UNIT, context.signal));
  return stepFailure('unit-crashed', `${KUBELET_UNIT} does not start: ${said}`, KUBELET_UNIT);
}

export async function stopKubelet(units: Units, context: StepContext): Promise<StepResult> {
  const now = await units.look(KUBELET_UNIT, context.signal);
  if (now === null || !isUp(now)) return STEP_OK;
  const said = await units.stop(KUBELET_UNIT, context.signal);
  return said === '' ? STEP_OK : stepFailure('revert-failed', `${KUBELET_UNIT} cannot be stopped: ${said}`, KUBELET_UNIT);
}
