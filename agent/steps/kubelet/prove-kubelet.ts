import type { OutcomeCode } from '../../../shared/domain/outcome.ts';
import type { KubeletLooks } from '../../../shared/domain/steps/kubeadm-spec.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { NodeAnswer, NodeTruth } from '../../ports/node-truth.ts';
import type { UnitLook, Units } from '../../ports/units.ts';
import { proveUnit } from '../prove-unit.ts';
import { STEP_OK, type StepContext, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import { holdControlPlane } from './hold-control-plane.ts';

export const KUBELET_UNIT = 'kubelet.service';

export interface KubeletParts {
  readonly units: Units;
  readonly truth: NodeTruth;
  readonly clock: Clock;
}

/** What the kubelet must turn out to be. */
export interface KubeletWanted {
  /** As `1.34.2`; null: whatever it is. */
  readonly version: string | null;
  /** As `containerd`; null: whatever it is. */
  readonly runtime: string | null;
  readonly ready: boolean;
  /** Going back works with no API server alive: one that cannot be reached for this long is not asked any more. Null: it must answer. */
  readonly apiSilentMs: number | null;
}

const ASK_INTERVAL_MS = 1000;
/** Of the step's time: what is left to say why, before time itself is up. */
const LAST_WORDS_MS = 5000;

/**
 * The kubelet's own truth: the same process over all looks, healthy by its own word, and in the API server's books with the
 * version, ready, and with a sign of life that is newer than its start. Where an API server runs on this host it must hold
 * too: a kubelet of a new minor kills and re-creates all static pods after its node shows Ready.
 */
export async function proveKubelet(parts: KubeletParts, wanted: KubeletWanted, spec: KubeletLooks & { readonly timeoutMs: number }, context: StepContext): Promise<StepResult> {
  const { units, clock } = parts;
  const deadlineMs = clock.monotonicMs() + spec.timeoutMs - LAST_WORDS_MS;
  const stays = await proveUnit(units, clock, { unit: KUBELET_UNIT, looks: spec.looks, lookIntervalMs: spec.lookIntervalMs }, context);
  if (!stays.ok) return stays;
  const proved = await units.look(KUBELET_UNIT, context.signal);
  if (proved === null) return stepFailure('unit-not-found', `${KUBELET_UNIT} is gone`, KUBELET_UNIT);
  const told = await awaitTruth(parts, wanted, proved, deadlineMs, context);
  if (!told.ok) return told;
  if (wanted.apiSilentMs !== null) return sameProcess(units, proved, context);
  const holds = await holdControlPlane(parts, { version: null, deadlineMs }, context);
  return holds.ok ? sameProcess(units, proved, context) : holds;
}

async function awaitTruth(parts: KubeletParts, wanted: KubeletWanted, proved: UnitLook, deadlineMs: number, context: StepContext): Promise<StepResult> {
  const { units, truth, clock } = parts;
  const startedUnixMs = clock.wallUnixMs() - (clock.monotonicMs() - proved.startedMs);
  const silentMs = clock.monotonicMs() + (wanted.apiSilentMs ?? Number.POSITIVE_INFINITY);
  for (;;) {
    const same = await sameProcess(units, proved, context);
    if (!same.ok) return same;
    const sick = await truth.kubelet(context.signal);
    const answer = await truth.node(context.signal);
    const problem = sick === '' ? nodeProblem(answer, wanted, startedUnixMs) : stepFailure('kubelet-unhealthy', `the kubelet is not healthy: ${sick}`, KUBELET_UNIT);
    if (problem === null) return STEP_OK;
    const nowMs = clock.monotonicMs();
    if (sick === '' && !answer.reached && nowMs >= silentMs) {
      context.output(`the API server is not asked any more: ${answer.why}\n`);
      return STEP_OK;
    }
    if (nowMs >= deadlineMs) return problem;
    await clock.sleep(ASK_INTERVAL_MS, context.signal);
  }
}

function nodeProblem(answer: NodeAnswer, wanted: KubeletWanted, startedUnixMs: number): StepFailure | null {
  if (!answer.reached) return stepFailure('api-unreachable', `the API server does not tell this node what it knows of it: ${answer.why}`);
  const { name, kubeletVersion, runtimeVersion, ready, reason, heartbeatUnixMs } = answer.node;
  const fail = (code: OutcomeCode, message: string): StepFailure => stepFailure(code, message, name);
  if (wanted.version !== null && kubeletVersion !== `v${wanted.version}`) return fail('verify-failed', `the API server has kubelet ${kubeletVersion} for ${name}, not v${wanted.version}`);
  if (wanted.runtime !== null && runtimeOf(runtimeVersion) !== wanted.runtime) return fail('verify-failed', `the API server has runtime ${runtimeVersion || 'none'} for ${name}, not ${wanted.runtime}`);
  // What stood there before the restart says nothing about what runs after it.
  if (heartbeatUnixMs <= startedUnixMs) return fail('heartbeat-missing', `${name} gave no sign of life to the API server since its kubelet was started`);
  if (wanted.ready && !ready) return fail('node-not-ready', `${name} is not Ready${reason === '' ? '' : `: ${reason}`}`);
  return null;
}

/** `containerd://1.7.24` is containerd's; null where the node does not say. */
export function runtimeOf(runtimeVersion: string): string | null {
  return /^([^:]+):\/\//.exec(runtimeVersion)?.[1] ?? null;
}

async function sameProcess(units: Units, proved: UnitLook, context: StepContext): Promise<StepResult> {
  const now = await units.look(KUBELET_UNIT, context.signal);
  if (now !== null && now.mainPid === proved.mainPid && now.startedMs === proved.startedMs && now.activeState === 'active') return STEP_OK;
  context.output(await units.lastLines(KUBELET_UNIT, context.signal));
  return stepFailure('unit-crashed', `${KUBELET_UNIT} did not stay up: it ${now === null ? 'is gone' : `is ${now.activeState} (${now.subState}) with main process ${now.mainPid}, not ${proved.mainPid}`}`, KUBELET_UNIT);
}
