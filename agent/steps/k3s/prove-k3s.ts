import type { Clock } from '../../../shared/ports/clock.ts';
import type { NodeAnswer, NodeTruth } from '../../ports/node-truth.ts';
import type { UnitLook, Units } from '../../ports/units.ts';
import { crashOf, SETTLED_WITHIN_MS } from '../prove-unit.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';

export interface ProofParts {
  readonly units: Units;
  /** @param kubeconfig of the kubelet that is part of K3s */
  readonly truthOf: (kubeconfig: string) => Pick<NodeTruth, 'node'>;
  readonly clock: Clock;
}

export interface Proof {
  readonly unit: string;
  /** Over which the same main process has to be seen. */
  readonly watchMs: number;
  readonly kubeconfig: string;
  /** That the node has to report. */
  readonly version: string;
  /** What becomes of it where the unit stays up and the API cannot be reached. */
  readonly unreachable: 'fails' | 'passes';
}

const LOOK_EVERY_MS = 1_000;
/** Of a new version the same main process has to be seen over this long: one that crashes within it is put back. */
export const NEW_WATCH_MS = 30_000;
/** K3s renews its lease every 10 s once it is up; a slow edge box takes a minute to come up. */
const REPORTED_WITHIN_MS = 120_000;

/** The unit keeps one main process, and the node reports that version with a heartbeat that is newer than the process. */
export async function proveK3s({ units, truthOf, clock }: ProofParts, proof: Proof, context: StepContext): Promise<StepResult> {
  const { unit, version, kubeconfig, watchMs } = proof;
  const beganMs = clock.monotonicMs();
  let first: UnitLook | null = null;
  let sinceMs = beganMs;
  const settledMs = context.bootedSince ? beganMs + SETTLED_WITHIN_MS : beganMs;
  for (;;) {
    const now = await units.look(unit, context.signal);
    if (now === null) return stepFailure('unit-not-found', `${unit} is gone`, unit);
    const crash = crashOf(first, now);
    if (crash !== '' && clock.monotonicMs() < settledMs) first = null;
    else if (crash !== '') {
      context.output(await units.lastLines(unit, context.signal));
      return stepFailure('unit-crashed', `${unit} ${crash}; on the host: journalctl -u ${unit}`, unit);
    }
    // The main process counts from when the unit is up, its restarts from the first look.
    if (first === null || first.activeState !== 'active') {
      first = first === null ? now : { ...now, restarts: first.restarts };
      sinceMs = clock.monotonicMs();
    }
    const elapsedMs = clock.monotonicMs() - beganMs;
    if (now.activeState === 'active' && clock.monotonicMs() - sinceMs >= watchMs) {
      const answer = await truthOf(kubeconfig).node(context.signal);
      const lacking = whatLacks(answer, version, startedUnixMs(now, clock));
      if (lacking === '') return STEP_OK;
      if (elapsedMs >= REPORTED_WITHIN_MS) return late(answer, lacking, proof, context);
    }
    await clock.sleep(LOOK_EVERY_MS, context.signal);
  }
}

/** When the unit's main process was started, by this host's wall clock. */
export function startedUnixMs({ startedMs }: UnitLook, clock: Clock): number {
  return clock.wallUnixMs() - (clock.monotonicMs() - startedMs);
}

/** @returns what the node does not yet say; '' where it reports that version since that moment. */
export function whatLacks(answer: NodeAnswer, version: string, sinceUnixMs: number): string {
  if (!answer.reached) return `the cluster's API cannot be asked: ${answer.why}`;
  const { name, kubeletVersion, heartbeatUnixMs } = answer.node;
  if (heartbeatUnixMs <= sinceUnixMs) return `node ${name} has not been heard of since K3s was started`;
  return kubeletVersion === version ? '' : `node ${name} reports ${kubeletVersion}, not ${version}`;
}

/** An API that cannot be asked says nothing about what was installed. */
function late(answer: NodeAnswer, lacking: string, { unit, version, unreachable }: Proof, context: StepContext): StepResult {
  if (answer.reached) return stepFailure(answer.node.kubeletVersion === version ? 'heartbeat-missing' : 'verify-failed', `${unit} stays up, but ${lacking}`, unit);
  if (unreachable === 'fails') return stepFailure('api-unreachable', `${unit} stays up, but ${lacking}`, unit);
  context.output(`${unit} stays up; ${lacking}\n`);
  return STEP_OK;
}
