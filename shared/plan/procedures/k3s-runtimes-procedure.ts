import type { z } from 'zod';

import type { K3sRuntimesProcedure } from '../../domain/procedure.ts';
import { section } from '../section.ts';
import { criProbeSection } from '../steps/cri-probe-step.ts';
import { compileK3sRuntimes, k3sRuntimesSection } from '../steps/k3s-runtimes-step.ts';

const { runtimes, mirrors } = k3sRuntimesSection.shape;
const { handler, image, id, archive, annotations, expect } = criProbeSection.shape;

/** What a step says, but for the role: that is each node's own. */
export const k3sRuntimesProcedure = section({
  runtimes,
  mirrors,
  probe: section({ handler: handler.unwrap(), image, id, archive, annotations, expect }).optional(),
});

export function compileK3sRuntimesProcedure({ probe, ...written }: z.infer<typeof k3sRuntimesProcedure>): K3sRuntimesProcedure {
  const { runtimes: wanted, mirrors: mirrored } = compileK3sRuntimes({ ...written, role: 'agent', timeout: 0 }, (name) => name);
  return {
    ...{ kind: 'k3s-runtimes', runtimes: wanted, mirrors: mirrored },
    probe: probe === undefined ? null : { handler: probe.handler, image: { name: probe.image, id: probe.id }, archive: probe.archive ?? null, annotations: probe.annotations, expect: probe.expect },
  };
}
