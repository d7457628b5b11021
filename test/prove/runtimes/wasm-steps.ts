import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import { planProcedure } from '../../../shared/procedures/plan-procedure.ts';
import { type RuntimeImage, WASM_LINE } from '../../fleet/runtime-images.ts';

/** As a plan with nothing but the procedure composes them: a runtime for WebAssembly, and a module that it has to run. */
export function wasmSteps({ image, archive: { sha256, size } }: RuntimeImage): readonly StepSpec[] {
  const parsed = parsePlan(`apiVersion: farrier/v1
kind: Plan
metadata: { name: wasm }
spec:
  procedure:
    wasm: { probe: { image: ${image.name}, id: "${image.id}", archive: { sha256: "${sha256}", size: ${size} }, expect: ${WASM_LINE} } }
`, 'wasm.yaml');
  if (!parsed.ok || parsed.plan.procedure === null) throw new Error(JSON.stringify(parsed));
  const planned = planProcedure(parsed.plan.procedure, [{ name: 'n', cluster: '', agent: null, facts: null, isSelected: true }], Date.now());
  if (!planned.ok) throw new Error(JSON.stringify(planned));
  return planned.hops.flatMap(({ steps }) => [...steps.values()].flat().map(({ step }) => step));
}
