import type { HostFacts } from '../domain/host-facts.ts';
import type { WasmProcedure } from '../domain/procedure.ts';
import { composeSteps } from './compose-steps.ts';
import { type ComposedStep, type Hop, oneHop, type ProcedureNode } from './composition.ts';
import { whyNeeded } from './packages.ts';

/** No node is ever at the target by its facts: whether its containerd has the runtime shows on the host, in the step itself. */
export function planWasm(procedure: WasmProcedure, nodes: readonly ProcedureNode[]): readonly Hop[] {
  return oneHop(nodes, ({ facts }) => compose(procedure, facts));
}

function compose({ install, sources, runtime, probe }: WasmProcedure, facts: HostFacts | null): readonly ComposedStep[] {
  const missing = install.flatMap((wanted) => whyNeeded(wanted, facts));
  const { name, type, binary, podAnnotations } = runtime;
  return composeSteps([
    ...(missing.length === 0 ? [] : [{ name: 'packages', packages: { install: Object.fromEntries(install.map((one) => [one.name, one.version])), sources: [...sources] }, because: missing.join(', ') }]),
    {
      name: `runtime-${name}`,
      containerd: { runtimes: [{ name, type, ...(binary === null ? {} : { binary }), ...(podAnnotations.length === 0 ? {} : { podAnnotations: [...podAnnotations] }) }] },
      because: 'containerd itself is asked whether it has the runtime',
    },
    {
      name: `probe-${name}`,
      criProbe: {
        ...{ handler: name, image: probe.image.name, id: probe.image.id, expect: probe.expect },
        ...(probe.archive === null ? {} : { archive: { ...probe.archive } }),
        annotations: Object.fromEntries(probe.annotations.map(({ key, value }) => [key, value])),
      },
      because: 'a runtime that is there may still run nothing',
    },
  ]);
}
