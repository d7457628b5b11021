import type { AgentUpgradeSpec } from '../../../shared/domain/step-spec.ts';
import type { UnitLook } from '../../ports/units.ts';
import { proveUnit } from '../prove-unit.ts';
import { type StepContext, type StepResult, stepFailure } from '../step.ts';
import type { AgentUpgradeParts } from './agent-upgrade.ts';

export const AGENT_UNIT = 'farrier-agent.service';

const LOOK_MS = 500;
/** Restarts by systemd: one may be somebody's kill, more are the version's own doing. */
const CRASHES_MAX = 1;
/** So often seen at work, with the same process, after its session. */
const LOOKS = 4;
const LOOK_INTERVAL_MS = 2_000;

/**
 * Waits for the session that proves this version, and sees it stay up after that. A version that crashes again and again has
 * failed at once; one without a session when its time is up has failed, whoever is to blame: the version before had one.
 */
export async function proveSession(parts: AgentUpgradeParts, { version, connectWithinMs }: AgentUpgradeSpec, context: StepContext): Promise<StepResult> {
  const { units, clock } = parts;
  const patience = AbortSignal.timeout(connectWithinMs);
  for (let first: UnitLook | null = null; parts.provedVersion() !== version; ) {
    const now = await units.look(AGENT_UNIT, context.signal);
    if (now === null) return stepFailure('unit-not-found', `${AGENT_UNIT} of version ${version} is masked or cannot be read by systemd`, AGENT_UNIT);
    first ??= now;
    if (now.restarts - first.restarts > CRASHES_MAX || now.activeState === 'failed') return await crashed(parts, version, context);
    if (patience.aborted) return await withoutSession(parts, version);
    await clock.sleep(LOOK_MS, context.signal);
  }
  return await proveUnit(units, clock, proof(LOOKS, LOOK_INTERVAL_MS), context);
}

/** Going back asks for no session: the version did all it could before, and the link may be down for reasons of its own. */
export async function proveRunning(parts: AgentUpgradeParts, version: string, context: StepContext): Promise<StepResult> {
  const { units, clock, versions } = parts;
  const proved = await proveUnit(units, clock, proof(LOOKS, LOOK_MS), context);
  if (!proved.ok) return stepFailure('revert-failed', proved.outcome.message, AGENT_UNIT);
  const unit = await units.look(AGENT_UNIT, context.signal);
  const runs = unit === null ? null : await versions.runBy(unit.mainPid);
  return runs === version ? proved : stepFailure('revert-failed', `${AGENT_UNIT} runs ${runs ?? 'no version that lies here'}, not ${version}`, AGENT_UNIT);
}

function proof(looks: number, lookIntervalMs: number) {
  return { kind: 'service', name: AGENT_UNIT, timeoutMs: 0, unit: AGENT_UNIT, action: 'guard', looks, lookIntervalMs } as const;
}

async function crashed({ units }: AgentUpgradeParts, version: string, context: StepContext): Promise<StepResult> {
  context.output(await units.lastLines(AGENT_UNIT, context.signal));
  return stepFailure('unit-crashed', `version ${version} of the agent crashes again and again; on the host: journalctl -u ${AGENT_UNIT}`, AGENT_UNIT);
}

async function withoutSession({ reach }: AgentUpgradeParts, version: string): Promise<StepResult> {
  return (await reach())
    ? stepFailure('agent-not-connected', `version ${version} of the agent got no session in time, while the coordinator answered this host; on the host: journalctl -u ${AGENT_UNIT}`, AGENT_UNIT)
    : stepFailure('coordinator-unreachable', `version ${version} of the agent got no session in time, and the coordinator does not answer this host; try again when it does`, AGENT_UNIT);
}
