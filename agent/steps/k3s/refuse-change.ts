import { changeOf, parseKubeVersion } from '../../../shared/domain/kube-version.ts';
import type { K3sSpec } from '../../../shared/domain/steps/k3s-spec.ts';
import { type StepFailure, stepFailure } from '../step.ts';

/**
 * K3s itself stops no skip and no way back past a minor ("nothing in the upgrade process will protect against unsupported
 * changes"), so this host does, whatever the planner did. @returns null where the step may go from that version to its own.
 */
export function refuseChange(from: string, { version: to, crossesMinor }: Pick<K3sSpec, 'version' | 'crossesMinor'>): StepFailure | null {
  const [old, wanted] = [parseKubeVersion(from), parseKubeVersion(to)];
  if (old === null || wanted === null) return stepFailure('version-skew', `${old === null ? from : to} is no version of K3s; nobody can say what going from ${from} to ${to} would do`, from);
  switch (changeOf(old, wanted)) {
    case 'none':
    case 'patch':
    case 'back':
      return null;
    case 'minor':
      return crossesMinor ? null : stepFailure('version-skew', `this host runs ${from}, so that ${to} crosses a minor, and the plan says that none is crossed; set crossesMinor: true`, from);
    case 'skip':
      return stepFailure('version-skew', `this host runs ${from}; K3s goes one minor at a time, so that v${wanted.major}.${old.minor + 1} comes before ${to}`, from);
    case 'back-minor':
      return stepFailure('version-skew', `this host runs ${from}; ${to} is of an older minor, to which only the revert of an upgrade goes`, from);
  }
}
