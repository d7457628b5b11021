import type { NodeName } from '../../shared/domain/ids.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { ArtifactRef } from '../../shared/domain/steps/artifact-ref.ts';
import type { Hop } from '../../shared/procedures/composition.ts';
import { namesOf } from '../../shared/procedures/names-of.ts';
import type { Found } from './find-findings.ts';

/**
 * What steps ask for and this coordinator has not: a warning, since a host may have it in its own folder; or has of another
 * size, which no host would take.
 *
 * @param held bytes of each artifact, by its sha256.
 */
export function findMissingArtifacts(hops: readonly Hop[], held: ReadonlyMap<string, number>): readonly Found[] {
  const found = new Map<string, Omit<Found, 'message'> & { readonly names: Set<NodeName> }>();
  for (const [name, steps] of hops.flatMap((hop) => [...hop.steps])) {
    for (const { step } of steps) {
      for (const ref of artifactsOf(step)) {
        const said = problemOf(ref, held.get(ref.sha256), step.name);
        if (said === null) continue;
        const same = found.get(said.message) ?? { code: said.code, severity: said.severity, names: new Set<NodeName>() };
        same.names.add(name);
        found.set(said.message, same);
      }
    }
  }
  return [...found].map(([message, { code, severity, names }]) => ({ code, severity, message: `${namesOf([...names])}: ${message}` }));
}

function problemOf({ sha256, size }: ArtifactRef, heldBytes: number | undefined, step: string): Found | null {
  if (heldBytes === size) return null;
  if (heldBytes === undefined) return { code: 'artifact-missing', severity: 'warning', message: `step ${step} needs artifact ${sha256}, which this coordinator does not have; \`farrier artifact add FILE\`, unless it lies in /var/cache/farrier-agent/artifacts on these hosts` };
  return { code: 'artifact-mismatch', severity: 'error', message: `step ${step} says that artifact ${sha256} has ${size} bytes, it has ${heldBytes}; take the size that \`farrier artifact ls\` shows` };
}

function artifactsOf(step: StepSpec): readonly ArtifactRef[] {
  switch (step.kind) {
    case 'k3s':
      return step.images === null ? [step.binary] : [step.binary, step.images];
    case 'etcd_upgrade':
      return [step.binary];
    case 'images':
      return step.source.kind === 'docker' ? [] : step.source.archives;
    case 'cri_probe':
      return step.archive === null ? [] : [step.archive];
    default:
      return [];
  }
}
