import type { Cri } from '../ports/cri.ts';
import { type StepContext, type StepFailure, stepFailure } from './step.ts';

/** A pod cannot even be stopped without the runtime that it runs with. A CRI that does not answer keeps nobody: its pods cannot be stopped as it is. */
export async function refuseRuntimeInUse(cri: Pick<Cri, 'handlersInUse'>, removed: readonly string[], { signal }: Pick<StepContext, 'signal'>): Promise<StepFailure | null> {
  const pods = await cri.handlersInUse(signal);
  const inUse = pods.ok ? removed.filter((name) => pods.handlers.includes(name)) : [];
  return inUse.length === 0 ? null : stepFailure('config-refused', `runtime-in-use: pods of this host run with ${inUse.join(', ')}, and could not be stopped without it; drain the node first`, inUse[0]);
}
