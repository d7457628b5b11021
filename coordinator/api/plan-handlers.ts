import { resolveShare } from '../../shared/domain/resolve-share.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Random } from '../../shared/ports/random.ts';
import { digestOf } from '../../shared/wire/digest-of.ts';
import type { FleetHandlers } from '../../shared/wire/messages.ts';
import type { ArtifactFolder } from '../adapters/artifact-folder.ts';
import type { DatastoreProof } from '../ports/datastore-proof.ts';
import type { Drain } from '../ports/drain.ts';
import type { Controller } from '../runtime/controller.ts';
import type { FleetLog } from '../runtime/fleet-log.ts';
import type { FleetState } from '../runtime/fleet-state.ts';
import { freezePlan } from '../runtime/freeze-plan.ts';
import { type Moment, resolvePlan } from '../runtime/resolve-plan.ts';
import { newRolloutId } from '../runtime/rollout-id.ts';
import { showPlan } from '../runtime/show-plan.ts';
import { unprovedClusters } from '../runtime/unproved-clusters.ts';
import { whyNoDrain } from '../runtime/why-no-drain.ts';
import { type Gate, unary } from './unary.ts';

export interface PlanParts {
  readonly state: FleetState;
  readonly log: FleetLog;
  readonly controller: Controller;
  readonly random: Random;
  readonly clock: Clock;
  readonly proof: DatastoreProof;
  readonly drain: Drain;
  readonly artifacts: Pick<ArtifactFolder, 'list'>;
}

export function planHandlers(gate: Gate, parts: PlanParts): Pick<FleetHandlers, 'CheckPlan' | 'StartRollout'> {
  const { state, log, controller, random, clock, proof, drain, artifacts } = parts;
  const moment = async (): Promise<Moment> => {
    const nowUnixMs = clock.wallUnixMs();
    return { nowUnixMs, unproved: await unprovedClusters(state, proof, nowUnixMs), noDrain: await whyNoDrain(drain, state.fleet), artifacts: new Map((await artifacts.list()).map(({ sha256, size }) => [sha256, size])) };
  };
  return {
    CheckPlan: unary(gate, { role: 'viewer', action: null }, async ({ yaml, file }) => {
      const { diagnostics, planned } = resolvePlan(state, yaml, file, await moment());
      return { diagnostics: [...diagnostics], ...(planned === null ? {} : showPlan(planned, freezePlan(planned), resolveShare(state.policy.maxUnavailable.fleet, state.nodes.size))) };
    }),

    StartRollout: unary(gate, { role: 'operator', action: 'rollout start', object: (request) => request.file, detail: (request, response) => describeStart(request, response) }, async ({ yaml, file }, who) => {
      return await controller.command(async () => {
        const { diagnostics, resolved } = resolvePlan(state, yaml, file, await moment());
        if (resolved === null) return { rollout: '', diagnostics: [...diagnostics] };
        const rollout = newRolloutId(random, resolved.plan.name);
        await log.rolloutNow(rollout, { type: 'started', frozen: freezePlan(resolved), by: who.name });
        return { rollout, diagnostics: [...diagnostics] };
      });
    }),
  };
}

/** What ran in the fleet then: the file may say something else by now. */
function describeStart({ yaml }: { readonly yaml: string }, response: { readonly rollout?: string } | null): string {
  const digest = `sha256:${digestOf(Buffer.from(yaml))}`;
  if (response === null) return digest;
  return response.rollout === '' ? `not started, the plan has mistakes; ${digest}` : `${response.rollout} ${digest}`;
}
