import type { HostFacts } from '../../shared/domain/host-facts.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import { preflight } from '../../shared/preflight/preflight.ts';
import { targetOf } from '../../shared/preflight/target-of.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { type StepContext, type StepExecutor, type StepResult, stepFailure } from './step.ts';

export interface PreflightParts {
  /** This host as it is now. */
  readonly readFacts: (signal: AbortSignal) => Promise<HostFacts>;
  readonly clock: Clock;
}

/**
 * The same step, staged only on a host that nothing stands in the way of: what the coordinator knew of it may be old. What
 * takes a whole cluster to know is the coordinator's to judge. Steps of rollbacks are not staged and not judged.
 */
export function preflighted<Spec extends StepSpec, Prior>(executor: StepExecutor<Spec, Prior>, parts: PreflightParts): StepExecutor<Spec, Prior> {
  return {
    ...executor,
    stage: async (spec, context) => {
      const ready = await judge(spec, parts, context);
      return ready.ok ? await executor.stage(spec, context) : ready;
    },
  };
}

async function judge(spec: StepSpec, { readFacts, clock }: PreflightParts, { earlier, output, signal }: StepContext): Promise<StepResult> {
  const target = targetOf(spec, earlier.map((each) => each.spec), { nowUnixMs: clock.wallUnixMs(), cluster: null });
  if (target === null) return { ok: true };
  const findings = preflight(await readFacts(signal), target);
  for (const { severity, code, message } of findings) output(`${severity} ${code}: ${message}\n`);
  const error = findings.find(({ severity }) => severity === 'error');
  return error === undefined ? { ok: true } : stepFailure('preflight-failed', `${error.code}: ${error.message}`, error.object);
}
