import { asksForNewCrun, CRUN_KNOWS, crunFits } from '../../domain/crun-fits.ts';
import type { HostFacts } from '../../domain/host-facts.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { error, warning, willRun } from './rule.ts';

/** An error where this upgrade brings the two together; where they stand together already, crun may be there for something else. */
export function crunTooOld(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  if (target.kind !== 'kubelet') return [];
  const crun = willRun('crun', facts, target);
  const containerd = willRun('containerd', facts, target);
  if (crun === null || containerd === null || crunFits(crun, containerd)) return [];
  const { runtimes } = facts;
  const finding = runtimes.containerd !== null && asksForNewCrun(runtimes.containerd) ? warning : error;
  return [finding('crun-too-old', 'crun', `crun ${crun} starts no container for containerd ${containerd} ("unknown version specified"): upgrade crun to ${CRUN_KNOWS} or newer first`)];
}
